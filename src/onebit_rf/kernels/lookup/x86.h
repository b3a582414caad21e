/* What the engines of x86 share. */
#ifndef ONEBIT_RF_X86_H
#define ONEBIT_RF_X86_H
#include "engine.h"
#ifdef HAVE_X86
#include <immintrin.h>

/* Ask for the piece that comes so far after `w`, into the second-level cache: the first has no room for it beside the
 * tables. 8 KiB are DRAM latency × bandwidth, twice over. */
INLINE void ask_ahead(const uint8_t *w) {
    enum { AHEAD = 8192 };
    UNROLL for (int i = 0; i < PIECE; i += 64) _mm_prefetch((const char *)w + AHEAD + i, _MM_HINT_T1);
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
