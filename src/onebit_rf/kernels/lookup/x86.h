/* What the engines of x86 share. */
#ifndef ONEBIT_RF_X86_H
#define ONEBIT_RF_X86_H
#include "engine.h"
#ifdef HAVE_X86
#include <immintrin.h>

enum { AHEAD = 8192 }; /* bytes between a piece in use and the one asked for: DRAM latency × bandwidth, twice over */

/* Sign of input j in entry e of a table. */
static const float SIGNS[4][16] = {
    {-1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1},
    {-1, -1, 1, 1, -1, -1, 1, 1, -1, -1, 1, 1, -1, -1, 1, 1},
    {-1, -1, -1, -1, 1, 1, 1, 1, -1, -1, -1, -1, 1, 1, 1, 1},
    {-1, -1, -1, -1, -1, -1, -1, -1, 1, 1, 1, 1, 1, 1, 1, 1},
};

#endif
#endif
