#define _GNU_SOURCE
#define _DARWIN_C_SOURCE
#include "guarded_map.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { most_guards = 4 };

typedef struct {
  uintptr_t start, end;
  volatile sig_atomic_t is_missing;
} guarded_range;

static _Thread_local volatile guarded_range ranges[most_guards];
static struct sigaction previous;
static uintptr_t page_size;

// Zeros in place of the pages that are gone. mmap is a bare system call, so it may stand in a handler.
static void put_zeros(int number, siginfo_t *info, void *context) {
  (void)context;
  int error = errno;
  uintptr_t place = (uintptr_t)info->si_addr;
  for (int k = 0; k < most_guards; k++) {
    if (place < ranges[k].start || place >= ranges[k].end) continue;
    uintptr_t page = place / page_size * page_size;
    void *zeros = mmap((void *)page, ranges[k].end - page, PROT_READ, MAP_PRIVATE | MAP_ANON | MAP_FIXED, -1, 0);
    if (zeros == MAP_FAILED) break;
    ranges[k].is_missing = 1;
    errno = error;
    return;
  }
  // Not ours: what would have happened happens when the read is tried again.
  sigaction(number, &previous, NULL);
  errno = error;
}

static void install(void) {
  page_size = (uintptr_t)sysconf(_SC_PAGESIZE);
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_sigaction = put_zeros;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  sigemptyset(&action.sa_mask);
  sigaction(SIGBUS, &action, &previous);
}

int guard_begin(const void *start, size_t size) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, install);
  for (int k = 0; k < most_guards; k++) {
    if (ranges[k].end != 0) continue;
    ranges[k].is_missing = 0;
    ranges[k].start = (uintptr_t)start;
    ranges[k].end = (uintptr_t)start + size;
    return k;
  }
  return -1;
}

int guard_end(int guard) {
  if (guard < 0) return 0;
  ranges[guard].end = 0;
  return ranges[guard].is_missing;
}
