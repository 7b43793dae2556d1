// Memory from the system: large chunks on huge pages, and how much there is. What lies in a chunk is the arena's business, in TypeScript.
#pragma once

#include <cstddef>
#include <cstdint>

namespace attune {

/** Maps bytes (rounded up to 2 MB) aligned to 2 MB, on huge pages where the system grants them; each is taken when it is first touched. Null without room. */
void* map_chunk(size_t bytes);
void unmap_chunk(void* start, size_t bytes);

/**
 * Memory that lives for a moment: copies on their way to a chunk. Large ones go back to the system, but for a few pieces of 1 MB; the allocator would
 * keep all of them, and raise what it keeps, with the first that is freed. Null without room.
 */
void* take_passing(size_t bytes);
void free_passing(void* start, size_t bytes);

/** Gives back what the allocator of this process keeps of freed memory, where it can be told to: after a model was read that is tens of megabytes. */
void trim_allocator();

struct MemoryLimits {
  /** The control group's limit; 0 where there is none. */
  double limit;
  /** What the control group has in use; 0 where there is no limit. */
  double used;
  /** What is available to new work, at least 1; 0 where neither the system nor a limit says. */
  double available;
};

MemoryLimits memory_limits();

}  // namespace attune
