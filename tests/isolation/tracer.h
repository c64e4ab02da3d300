/* What the tracer writes and the test reads: for each place in the process that called an allocating function of libc,
 * how often. Places are return addresses; whose they are is found out afterwards, from the process's maps. */
#pragma once

#include <stdint.h>

enum { tracer_places = 1 << 16 };

/* The functions that are traced, in the top byte of a place. */
enum tracer_function {
  tracer_malloc = 1,
  tracer_calloc,
  tracer_realloc,
  tracer_reallocarray,
  tracer_aligned_alloc,
  tracer_posix_memalign,
  tracer_memalign,
  tracer_valloc,
  tracer_pvalloc,
  tracer_functions
};

struct tracer_place {
  uint64_t key; /* function << 56 | return address; 0: free */
  uint64_t calls;
};

struct tracer_record {
  uint64_t attached; /* the tracer has mapped the file */
  uint64_t lost;     /* calls for which the table had no room: none, or the counts are worth nothing */
  struct tracer_place places[tracer_places];
};
