/* The kernel's time of a message, brought to the run's clock.
 *
 * The kernel stamps what it receives with the wall clock; a run is on the monotonic one. Both run
 * equally fast, so that a step of the wall clock is all that changes their distance. It is looked
 * at in each turn of the loop. Pure: all times are arguments, in ns. */
#ifndef WSLOAD_ENGINE_STAMPS_H
#define WSLOAD_ENGINE_STAMPS_H

#include <stdint.h>

/* A look at the clocks that took longer says too little. */
#define STAMPS_LOOK_NS 10000

/* Empty when all zero: no stamp is believed then. */
struct stamps {
    uint64_t offset_ns;  /* the wall clock less the monotonic one, at most */
    uint64_t trusted_ns; /* stamps of before are of another offset */
};

/* The wall clock was at WALL_NS between BEFORE_NS and NOW_NS of the monotonic one. */
void stamps_look(struct stamps *stamps, uint64_t before_ns, uint64_t wall_ns, uint64_t now_ns);

/* The moment of WALL_NS on the monotonic clock: not too early, and too late by no more than a look
 * took. 0 when it cannot be believed, since it lies after READ_NS, when the message was read, or
 * before LAST_NS, when the one before it came, by more than looks differ, or before the last step
 * of the wall clock. */
uint64_t stamps_came_ns(const struct stamps *stamps, uint64_t wall_ns, uint64_t last_ns,
                        uint64_t read_ns);

#endif
