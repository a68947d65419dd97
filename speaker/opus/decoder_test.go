package opus

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestEverySortOfFileSoundsAsLibopusDecodesIt(t *testing.T) {
	for _, channels := range []int{1, 2} {
		for _, args := range []string{
			"-b:a 6k -application voip", "-b:a 12k -application voip", "-b:a 16k -application voip -frame_duration 60",
			"-b:a 24k -application voip -frame_duration 40", "-b:a 24k -application voip -fec 1 -packet_loss 10",
			"-b:a 32k -application voip", "-b:a 32k -application audio", "-b:a 48k -application audio -frame_duration 10",
			"-b:a 64k -application audio -vbr off", "-b:a 64k -application lowdelay -frame_duration 2.5",
			"-b:a 96k -application lowdelay -frame_duration 5", "-b:a 128k -application audio", "-b:a 24k -application audio -frame_duration 120",
		} {
			t.Run(fmt.Sprint(channels, " ", args), func(t *testing.T) {
				t.Parallel()
				file := encode(t, 3.3, channels, args)
				want := reference(t, file)
				got, d := mustDecode(t, file)
				require.Equal(t, channels, d.channels)
				info := probe(t, file)
				t.Logf("%s %v: %.1f dB, %d bytes, len %d %d", info.Mode, info.Packet, apart(want, got), len(file), len(want), len(got))
				assert.Equal(t, len(want), len(got))
			})
		}
	}
}
