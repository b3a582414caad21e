/* Which engines there are, and which this processor runs. */
#include "engine.h"

static const Engine *const FASTEST_FIRST[] = {
#ifdef HAVE_X86
    &avx512,
    &avx2,
#endif
#ifdef HAVE_NEON
    &neon,
#endif
    &portable,
};

const Engine *engine_at(int i) {
    for (size_t k = 0; k < sizeof FASTEST_FIRST / sizeof *FASTEST_FIRST; k++)
        if (FASTEST_FIRST[k]->runs_here() && i-- == 0) return FASTEST_FIRST[k];
    return NULL;
}
