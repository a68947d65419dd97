package store_test

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"time"

	"loa"
	"loa/store"
)

// A daemon opens its store, says what was found wrong, and goes on.
func ExampleOpen() {
	dir, err := os.MkdirTemp("", "store")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	s, err := store.Open(dir, store.Options{AudioBudget: 64 << 20})
	if err != nil {
		log.Fatal(err) // another process, or wrong options
	}
	defer s.Close()
	for _, r := range s.Recovered() {
		fmt.Println("fault:", r)
	}
	boot, err := s.Increment("boot")
	fmt.Println("boot", boot, err, len(s.DeviceID()))
	// Output: boot 1 <nil> 16
}

// What the scheduler remembers and the event that tells of it are stored
// together or not at all.
func ExampleStore_Update() {
	dir, _ := os.MkdirTemp("", "store")
	defer os.RemoveAll(dir)
	s, err := store.Open(dir, store.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()
	err = s.Update(func(tx *store.Tx) error {
		if err := tx.Put("scheduler", []byte(`{"done":["b-1021"]}`)); err != nil {
			return err
		}
		_, err := tx.Append(store.Event{Type: loa.EventPlay, At: time.Now(), Members: loa.PlayRecord{ID: "b-1021", Result: loa.ResultPlayed}})
		return err
	})
	fmt.Println(err, s.Stats().Outbox)
	// Output: <nil> 1
}

// A download that is cut goes on where it was.
func ExampleStore_Create() {
	dir, _ := os.MkdirTemp("", "store")
	defer os.RemoveAll(dir)
	s, err := store.Open(dir, store.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()
	sound := make([]byte, 200_000)
	digest := store.Digest(sha256.Sum256(sound))
	for connection := 1; ; connection++ {
		w, err := s.Create(digest, int64(len(sound)), time.Now())
		if errors.Is(err, store.ErrExists) {
			break
		}
		if err != nil {
			log.Fatal(err)
		}
		rest := sound[w.Offset():] // GET with Range
		if connection == 1 {
			rest = rest[:150_000]
		}
		fmt.Println("connection", connection, "begins at", w.Offset())
		w.Write(rest)
		if err := w.Commit(); errors.Is(err, store.ErrIncomplete) {
			w.Close()
		}
	}
	r, err := s.Open(digest)
	if err != nil {
		log.Fatal(err)
	}
	defer r.Close()
	n, err := io.Copy(io.Discard, r)
	fmt.Println(n, err)
	// Output:
	// connection 1 begins at 0
	// connection 2 begins at 130984
	// 200000 <nil>
}
