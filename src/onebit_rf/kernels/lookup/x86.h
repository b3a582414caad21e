/* What the engines of x86 share. */
#ifndef ONEBIT_RF_X86_H
#define ONEBIT_RF_X86_H
#include "engine.h"
#ifdef HAVE_X86
#include <immintrin.h>

/* Ask for the piece that comes so far after `w`: into the second-level cache, since tables leave the first no room.
 * Only those of one plane do; AVX-512 is so fast with them that what the second level is asked for comes too late. */
INLINE void ask_ahead(const uint8_t *w, const int is_near) {
    enum { AHEAD = 8192 }; /* DRAM latency × bandwidth, twice over */
    UNROLL for (int i = 0; i < PIECE; i += 64) {
        const char *there = (const char *)w + AHEAD + i;
        if (is_near)
            _mm_prefetch(there, _MM_HINT_T0);
        else
            _mm_prefetch(there, _MM_HINT_T1);
    }
}

/* Sign of input j in entry e of a table. */
static const float SIGNS[4][16] = {
    {-1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1},
    {-1, -1, 1, 1, -1, -1, 1, 1, -1, -1, 1, 1, -1, -1, 1, 1},
    {-1, -1, -1, -1, 1, 1, 1, 1, -1, -1, -1, -1, 1, 1, 1, 1},
    {-1, -1, -1, -1, -1, -1, -1, -1, 1, 1, 1, 1, 1, 1, 1, 1},
};

#endif
#endif
