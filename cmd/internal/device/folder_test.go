package device

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"loa"
)

// stick is a folder of sounds with what installers and disks leave there.
func stick(t *testing.T) (dir string, folder *Folder) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "media")
	require.NoError(t, os.Mkdir(dir, 0o700))
	far := filepath.Join(t.TempDir(), "usb.mp3")
	require.NoError(t, os.WriteFile(far, sound(t, "mono48-cbr64.mp3"), 0o600))
	require.NoError(t, os.Symlink(far, filepath.Join(dir, "usb.mp3")))
	require.NoError(t, os.Symlink("khong-co", filepath.Join(dir, "dut.mp3")))
	require.NoError(t, os.Symlink(t.TempDir(), filepath.Join(dir, "kho.mp3")))
	require.NoError(t, os.Symlink("vong.mp3", filepath.Join(dir, "vong.mp3")))
	// The one file that not even root can read from its start.
	require.NoError(t, os.Symlink("/proc/self/mem", filepath.Join(dir, "hong.mp3")))
	require.NoError(t, os.Mkdir(filepath.Join(dir, "thu-muc.mp3"), 0o700))
	folder = OpenFolder(dir)
	_, err := folder.Scan()
	require.NoError(t, err)
	return dir, folder
}

// named is the medium as ReadPlan leaves it.
func named(folder *Folder, file string) loa.Media {
	m := []loa.Media{{File: file}}
	nameDigests(m, folder)
	return m[0]
}

func TestALinkToAFileIsASound(t *testing.T) {
	dir, folder := stick(t)
	path, v, err := JudgeSound(folder, named(folder, "usb.mp3"))
	require.NoError(t, err)
	assert.True(t, v.Playable())
	assert.Equal(t, filepath.Join(dir, "usb.mp3"), path)

	// The folder may be one too.
	link := filepath.Join(t.TempDir(), "media")
	require.NoError(t, os.Symlink(dir, link))
	folder = OpenFolder(link)
	_, err = folder.Scan()
	require.NoError(t, err)
	_, v, err = JudgeSound(folder, named(folder, "usb.mp3"))
	assert.NoError(t, err)
	assert.True(t, v.Playable())
}

func TestWhatIsThereAndCannotBePlayedSaysWhy(t *testing.T) {
	dir, folder := stick(t)
	for file, why := range map[string]string{
		"dut.mp3":      "is a link to nothing",
		"kho.mp3":      "is a link to a folder, which is not followed",
		"vong.mp3":     "cannot be read: too many levels of symbolic links",
		"hong.mp3":     "cannot be read: input/output error",
		"thu-muc.mp3":  "is a folder",
		"khong-co.mp3": "is not on this device",
	} {
		m := named(folder, file)
		assert.Equal(t, "sound "+file+" "+why, folder.absent(m).trouble(m))
		_, _, err := JudgeSound(folder, m)
		if file == "khong-co.mp3" {
			assert.EqualError(t, err, "sound not found: no file khong-co.mp3 in "+dir)
			continue
		}
		assert.EqualError(t, err, "sound not found: "+filepath.Join(dir, file)+" "+why)
	}
}

// asNobody lets the test's thread touch files as a user without rights does, when
// it runs as root, who may read everything: fsuid, setfsuid(2).
func asNobody(t *testing.T) {
	if os.Geteuid() != 0 {
		return
	}
	runtime.LockOSThread()
	const nobody = 65534
	require.NoError(t, unix.Setfsuid(nobody))
	t.Cleanup(func() {
		require.NoError(t, unix.Setfsuid(0))
		runtime.UnlockOSThread()
	})
}

func TestAFileThatMayNotBeReadSaysSo(t *testing.T) {
	b := sound(t, "mono48-cbr64.mp3")
	asNobody(t)
	dir, err := os.MkdirTemp("", "loa-folder-") // t.TempDir lies below a folder of root's
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	path := filepath.Join(dir, "cam.mp3")
	require.NoError(t, os.WriteFile(path, b, 0o000))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "usb.mp3"), b, 0o600))
	require.NoError(t, os.Mkdir(filepath.Join(dir, "lost+found"), 0o000))
	folder := OpenFolder(dir)
	_, err = folder.Scan()
	require.NoError(t, err, "a folder in it is not the folder")
	_, _, err = JudgeSound(folder, named(folder, "cam.mp3"))
	assert.ErrorContains(t, err, "cam.mp3 cannot be read: permission denied")
	_, _, err = JudgeSound(folder, named(folder, "usb.mp3"))
	assert.NoError(t, err, "the others count")

	require.NoError(t, os.Chmod(path, 0o600))
	changed, err := folder.Scan()
	require.NoError(t, err)
	assert.True(t, changed)
	_, _, err = JudgeSound(folder, named(folder, "cam.mp3"))
	assert.NoError(t, err)
}

func TestTwoFilesOfTheSameBytesKeepTheirNames(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"sang.mp3", "trua.mp3"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), filled(png), 0o600))
	}
	folder := OpenFolder(dir)
	_, err := folder.Scan()
	require.NoError(t, err)
	for _, name := range []string{"sang.mp3", "trua.mp3"} {
		_, _, err := JudgeSound(folder, named(folder, name))
		assert.ErrorContains(t, err, filepath.Join(dir, name)+": it is no sound")
	}

	log, _ := morning(t, map[string][]byte{"sang.mp3": filled(png), "trua.mp3": filled(png)}, "sang.mp3", "trua.mp3")
	for _, name := range []string{"sang.mp3", "trua.mp3"} {
		assert.Contains(t, entry(log, `"type":"play"`, `"id":"`+name+`"`), `"reason":"sound `+name+` cannot be played: it is no sound`)
	}
}

func TestTheScheduleSaysWhichFileDoesNotPlayAndWhy(t *testing.T) {
	r := newRig(t, "")
	r.plan(time.Hour, "")
	require.NoError(t, os.Remove(filepath.Join(r.dir, "sounds", "tin.mp3")))
	require.NoError(t, os.Symlink("usb/tin.mp3", filepath.Join(r.dir, "sounds", "tin.mp3")))
	r.start()
	r.until("told", func(st loa.Status) bool { return len(st.Faults) == 1 })
	_, b := r.ask("GET", "/v1/plan", "")
	assert.Contains(t, string(b), `"sound tin.mp3 is a link to nothing"`)

	r.write("sounds/usb.mp3", string(filled(png)))
	require.NoError(t, os.Remove(filepath.Join(r.dir, "sounds", "tin.mp3")))
	require.NoError(t, os.Symlink("usb.mp3", filepath.Join(r.dir, "sounds", "tin.mp3")))
	r.await("refusal", ofType(loa.EventRefused))
	_, b = r.ask("GET", "/v1/plan", "")
	assert.Contains(t, string(b), `sound tin.mp3 cannot be played: it is no sound but a picture`)
}
