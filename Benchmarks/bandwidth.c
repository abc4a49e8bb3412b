/* The rate at which one core reads memory, in bytes a second: a plain sum over the bytes of a file as a memory map, as
   often as one pass maps and unmaps it, and over memory that was filled once. `Benchmarks/checkpoint.py` builds and
   runs it; each line `mapped` or `memory` is answered with the seconds of a pass. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Of the processor: other programs disturb it less than a clock on the wall. */
static double seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Eight sums side by side, so that no addition waits for the one before. */
static uint64_t sum(const char *bytes, size_t count) {
  typedef uint64_t words __attribute__((vector_size(32)));
  words sums[4] = {{0}};
  for (size_t i = 0; i + sizeof sums <= count; i += sizeof sums)
    for (int k = 0; k < 4; k++) {
      words value;
      memcpy(&value, bytes + i + k * sizeof value, sizeof value);
      sums[k] += value;
    }
  words all = sums[0] + sums[1] + sums[2] + sums[3];
  return all[0] + all[1] + all[2] + all[3];
}

int main(int argc, char **argv) {
  struct stat status;
  int file = argc == 2 ? open(argv[1], O_RDONLY) : -1;
  if (file < 0 || fstat(file, &status)) return 1;
  size_t size = (size_t)status.st_size;
  char *memory = malloc(size), command[16];
  for (size_t done = 0; memory && done < size;) {
    ssize_t count = pread(file, memory + done, size - done, (off_t)done);
    if (count <= 0) return 1;
    done += (size_t)count;
  }
  volatile uint64_t result;
  while (memory && fgets(command, sizeof command, stdin)) {
    double start = seconds();
    if (!strcmp(command, "mapped\n")) {
      char *bytes = mmap(NULL, size, PROT_READ, MAP_PRIVATE, file, 0);
      if (bytes == MAP_FAILED) return 1;
      result = sum(bytes, size);
      munmap(bytes, size);
    } else {
      result = sum(memory, size);
    }
    printf("%.9f\n", seconds() - start);
    fflush(stdout);
  }
  (void)result;
  return !memory;
}
