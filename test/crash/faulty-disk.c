/*
 * A disk that fails on request, and loses what was not flushed: preloaded into the server, it stands
 * between SQLite and the kernel for biometric.db and its write-ahead log, and for no other file.
 *
 * FAULTY_DISK names a folder in which the test steers and reads it:
 *   fail-sync          while it exists, fsync and fdatasync answer EIO
 *   fail-checkpoint    the same, for biometric.db alone
 *   fail-write         while it exists, pwrite answers EIO
 *   read-only          while it exists, pwrite answers EROFS
 *   slow-sync          while it exists, each flush takes 10 ms more
 *   db.state, wal.state    what of the file is not flushed (struct state below)
 *   db.image, wal.image    what of the file is on the disk: all that a power cut leaves
 *
 * As on Linux, a failed flush marks the pages clean although they are not on the disk: no later
 * flush writes them, yet every reader still sees them (https://lwn.net/Articles/752063/). The state
 * is shared memory of a file, as the page cache is the kernel's, so it outlives kill -9.
 * The program's own writes go past the C library, so they are told by the file's time: whatever the
 * file holds then is taken for unflushed. All of it runs on one thread of the server: no lock here.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#define PAGE 4096
#define PAGES 65536
#define SLOW_SYNC_US 10000

/* The first two fields are read by the test: little-endian, at bytes 0 and 8. */
struct state {
  uint64_t syncs_done;
  uint64_t failures;
  uint64_t pages_used;
  /* 1 + the least size the file was cut to since the last flush; 0: it was not cut. */
  uint64_t cut_to;
  /* The file's time of change, in nanoseconds, after the last write that was seen here. */
  int64_t changed_at;
  uint8_t dirty[PAGES];
};

static const char *const SUFFIXES[] = {"/biometric.db", "/biometric.db-wal"};
static const char *const NAMES[] = {"db", "wal"};
static struct state *states[2];

static void control_path(char *path, const char *name, const char *extension) {
  snprintf(path, PATH_MAX, "%s/%s%s", getenv("FAULTY_DISK"), name, extension);
}

static int is_switched_on(const char *name) {
  char path[PATH_MAX];
  control_path(path, name, "");
  return access(path, F_OK) == 0;
}

static int watched_path(const char *path) {
  size_t length = strlen(path);
  for (int file = 0; file < 2; file += 1) {
    size_t suffix = strlen(SUFFIXES[file]);
    if (length >= suffix && strcmp(path + length - suffix, SUFFIXES[file]) == 0) return file;
  }
  return -1;
}

/* 0 for the database, 1 for its log, -1 for anything else. */
static int watched(int descriptor) {
  char link[64], path[PATH_MAX];
  if (getenv("FAULTY_DISK") == NULL) return -1;
  snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0) return -1;
  path[length] = '\0';
  return watched_path(path);
}

static void give_up(const char *what) {
  fprintf(stderr, "faulty-disk: %s: %s\n", what, strerror(errno));
  abort();
}

static struct state *state_of(int file) {
  if (states[file] != NULL) return states[file];
  char path[PATH_MAX];
  control_path(path, NAMES[file], ".state");
  int descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0) give_up("open state");
  if (ftruncate(descriptor, sizeof(struct state)) != 0) give_up("size state");
  states[file] = mmap(NULL, sizeof(struct state), PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
  if (states[file] == MAP_FAILED) give_up("map state");
  close(descriptor);
  return states[file];
}

static void mark_dirty(int file, off_t offset, size_t length) {
  struct state *state = state_of(file);
  uint64_t last = (offset + length + PAGE - 1) / PAGE;
  if (last > PAGES) give_up("file too large");
  if (last > state->pages_used) state->pages_used = last;
  if (length > 0) memset(state->dirty + offset / PAGE, 1, last - offset / PAGE);
}

static int64_t change_time(const struct stat *file) {
  return file->st_mtim.tv_sec * 1000000000LL + file->st_mtim.tv_nsec;
}

static void notice_other_writes(int file, int descriptor) {
  struct stat now;
  if (fstat(descriptor, &now) != 0) give_up("stat file");
  if (change_time(&now) != state_of(file)->changed_at) mark_dirty(file, 0, now.st_size);
}

static void remember_own_write(int file, int descriptor) {
  struct stat now;
  if (fstat(descriptor, &now) != 0) give_up("stat file");
  state_of(file)->changed_at = change_time(&now);
}

static ssize_t write_through(int descriptor, const void *bytes, size_t length, off_t offset) {
  static ssize_t (*next)(int, const void *, size_t, off_t);
  if (next == NULL) next = dlsym(RTLD_NEXT, "pwrite64");
  return next(descriptor, bytes, length, offset);
}

static int cut_through(int descriptor, off_t size) {
  static int (*next)(int, off_t);
  if (next == NULL) next = dlsym(RTLD_NEXT, "ftruncate64");
  return next(descriptor, size);
}

/* Brings the image of the disk up to what the file holds in its dirty pages. */
static void write_image(int file, int descriptor) {
  struct state *state = state_of(file);
  char path[PATH_MAX], page[PAGE];
  struct stat now;
  control_path(path, NAMES[file], ".image");
  int image = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (image < 0 || fstat(descriptor, &now) != 0) give_up("open image");
  if (state->cut_to > 0 && cut_through(image, state->cut_to - 1) != 0) give_up("cut image");
  if (cut_through(image, now.st_size) != 0) give_up("size image");
  for (uint64_t number = 0; number < state->pages_used; number += 1) {
    if (state->dirty[number] == 0) continue;
    ssize_t length = pread(descriptor, page, PAGE, number * PAGE);
    if (length > 0 && write_through(image, page, length, number * PAGE) != length) {
      give_up("write image");
    }
  }
  close(image);
}

static void forget_dirty(int file) {
  struct state *state = state_of(file);
  memset(state->dirty, 0, state->pages_used);
  state->cut_to = 0;
}

static int flush(int file, int descriptor, int (*next)(int)) {
  struct state *state = state_of(file);
  notice_other_writes(file, descriptor);
  remember_own_write(file, descriptor);
  if (is_switched_on("slow-sync")) usleep(SLOW_SYNC_US);
  if (is_switched_on("fail-sync") || (file == 0 && is_switched_on("fail-checkpoint"))) {
    forget_dirty(file);
    state->failures += 1;
    errno = EIO;
    return -1;
  }
  if (next(descriptor) != 0) return -1;
  write_image(file, descriptor);
  forget_dirty(file);
  state->syncs_done += 1;
  return 0;
}

int fsync(int descriptor) {
  static int (*next)(int);
  if (next == NULL) next = dlsym(RTLD_NEXT, "fsync");
  int file = watched(descriptor);
  return file < 0 ? next(descriptor) : flush(file, descriptor, next);
}

int fdatasync(int descriptor) {
  static int (*next)(int);
  if (next == NULL) next = dlsym(RTLD_NEXT, "fdatasync");
  int file = watched(descriptor);
  return file < 0 ? next(descriptor) : flush(file, descriptor, next);
}

ssize_t pwrite64(int descriptor, const void *bytes, size_t length, off_t offset) {
  int file = watched(descriptor);
  if (file < 0) return write_through(descriptor, bytes, length, offset);
  int fault = is_switched_on("fail-write") ? EIO : is_switched_on("read-only") ? EROFS : 0;
  if (fault != 0) {
    state_of(file)->failures += 1;
    errno = fault;
    return -1;
  }
  notice_other_writes(file, descriptor);
  ssize_t written = write_through(descriptor, bytes, length, offset);
  if (written > 0) mark_dirty(file, offset, written);
  remember_own_write(file, descriptor);
  return written;
}

int ftruncate64(int descriptor, off_t size) {
  int file = watched(descriptor);
  if (file < 0) return cut_through(descriptor, size);
  notice_other_writes(file, descriptor);
  int result = cut_through(descriptor, size);
  struct state *state = state_of(file);
  if (state->cut_to == 0 || state->cut_to > (uint64_t)size + 1) state->cut_to = size + 1;
  remember_own_write(file, descriptor);
  return result;
}

int ftruncate(int descriptor, off_t size) { return ftruncate64(descriptor, size); }

int unlink(const char *path) {
  static int (*next)(const char *);
  if (next == NULL) next = dlsym(RTLD_NEXT, "unlink");
  int file = getenv("FAULTY_DISK") == NULL ? -1 : watched_path(path);
  if (file >= 0) {
    char image[PATH_MAX];
    control_path(image, NAMES[file], ".image");
    next(image);
    forget_dirty(file);
  }
  return next(path);
}
