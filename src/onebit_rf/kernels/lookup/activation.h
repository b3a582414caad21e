/* φ of a block of outputs while they are in the first-level cache; NumPy applies the activations that are not here.
 *
 * Plain C that compilers vectorise. Every a·b + c is one fmaf, so that none chooses how often to round: the same bits
 * on every processor. Polynomials have the least largest relative error, by Lawson's reweighted least squares. */
#ifndef ONEBIT_RF_ACTIVATION_H
#define ONEBIT_RF_ACTIVATION_H
#include <math.h>
#include <stdint.h>
#include <string.h>

enum { IDENTITY, RELU, TANH, ERF, GELU, LAST_ACTIVATION = GELU };
#define ACTIVATION_NAMES "relu", "tanh", "erf", "gelu" /* from 1 */

/* e^a − 1 for −80 ≤ a ≤ 0, off by less than a unit in the last place: 2^n e^r − 1 with |r| ≤ ln(2)/2. */
INLINE float expm1_negative(float a) {
    const float magic = 0x1.8p23f; /* numbers near it are integers: its last bits hold n */
    const float shifted = fmaf(a, 0x1.715476p0f, magic), n = shifted - magic;
    const float r = fmaf(n, -0x1.7f7d1cp-20f, fmaf(n, -0x1.62e4p-1f, a)); /* a − n ln 2 */
    float p = 0x1.6bebfep-10f;
    p = fmaf(p, r, 0x1.1227b0p-7f);
    p = fmaf(p, r, 0x1.555674p-5f);
    p = fmaf(p, r, 0x1.5554b0p-3f);
    p = fmaf(p, r, 0x1.fffffep-2f);
    p = fmaf(p, r * r, r); /* e^r − 1 */
    uint32_t bits;
    float power;
    memcpy(&bits, &shifted, sizeof bits);
    bits = (bits << 23) + (127u << 23);
    memcpy(&power, &bits, sizeof power);
    return fmaf(power, p, power - 1);
}

/* −(e^{−2|z|} − 1)/(e^{−2|z|} + 1) with the sign of z; 1 to float32 from |z| = 9.02 on. */
INLINE float tanh_of(float z) {
    const float t = fabsf(z), m = expm1_negative(t > 10 ? -20 : -2 * t);
    return copysignf(m / (2 + m), z);
}

/* 1 − e^{−t − t g(t)} with t = |z| and the sign of z; 1 to float32 from t = 3.92 on. */
INLINE float erf_of(float z) {
    const float t = fabsf(z) > 4 ? 4 : fabsf(z);
    float g = -9.256130779080964e-06f;
    g = fmaf(g, t, 0.00011764005058754242f);
    g = fmaf(g, t, -0.0006328324350582501f);
    g = fmaf(g, t, 0.0016670192584806358f);
    g = fmaf(g, t, -0.00016038771256805828f);
    g = fmaf(g, t, -0.019153068535246263f);
    g = fmaf(g, t, 0.10277783181068005f);
    g = fmaf(g, t, 0.6366193818095937f);
    g = fmaf(g, t, 0.128379171616383f);
    return copysignf(expm1_negative(-fmaf(t, g, t)), z);
}

INLINE void activate_any(int activation, float *z, int n) {
    if (activation == RELU)
        for (int i = 0; i < n; i++) z[i] = z[i] <= 0 ? 0 : z[i]; /* keeps a NaN */
    if (activation == TANH)
        for (int i = 0; i < n; i++) z[i] = tanh_of(z[i]);
    if (activation == ERF)
        for (int i = 0; i < n; i++) z[i] = erf_of(z[i]);
    if (activation == GELU)
        for (int i = 0; i < n; i++) z[i] = 0.5f * z[i] * (1 + erf_of(0x1.6a09e6p-1f * z[i]));
}

#endif
