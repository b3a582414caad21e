/* The product of a tile of rows and a panel of outputs, and the threads that share those out. */
#include "helpers.h"
#include "inputs.h"
#include <stdatomic.h>

/* Weights × rows that pay for a thread: asking one that sleeps takes 10 µs, in which the AVX-512 engine does 2^21. */
#ifndef WORTH_A_THREAD
#define WORTH_A_THREAD (1 << 23)
#endif

typedef struct {
    const Matrix *matrix;
    const float *x;
    float *out;
    double scale;
    int activation;
    size_t group; /* words of inputs that share scales */
    size_t rows, panel, panels, items; /* an item is a tile of rows × a panel of blocks */
    atomic_size_t next;
} Job;

typedef struct {
    uint8_t tables[2 * TABLE_BYTES]; /* first, so that they inherit the alignment */
    uint8_t pieces[CHUNK * PIECE];
    float x[CHUNK * 32];
    int32_t acc[];
} Scratch;

/* Words of a chunk whose inputs share scales: a group, or what of it is in the chunk. */
typedef struct {
    size_t group, from, words;
} Part;

/* The part that begins at word `from` of a chunk; of no words at its end. */
static Part part_at(const Job *job, size_t chunk, size_t from) {
    const Matrix *m = job->matrix;
    const size_t here = chunk * m->chunk + from, group = here / job->group;
    const size_t end = MIN(chunk * m->chunk + words_in(m, chunk), (group + 1) * job->group);
    return (Part){group, from, end - here};
}

#define FOR_PARTS(part, job, chunk) \
    for (Part part = part_at(job, chunk, 0); part.words; part = part_at(job, chunk, part.from + part.words))

static const float *row_of(const Job *job, size_t row) { return job->x + row * job->matrix->d_in; }

/* The rest for a block of sums z of `row` while they are in the first-level cache; z may be where they go. */
static void finish(const Job *job, size_t row, size_t block, const float *z) {
    const Matrix *m = job->matrix;
    const size_t from = block * BLOCK, n = MIN(BLOCK, m->d_out - from);
    float *out = job->out + row * m->d_out + from;
    if (m->groups == 1) {
        const float *scales = scales_of(m, block, 0);
        for (size_t r = 0; r < n; r++) out[r] = z[r] * scales[r];
    } else if (z != out)
        memcpy(out, z, n * sizeof *out);
    if (job->activation != IDENTITY) m->engine->activate(job->activation, out, (int)n);
}

/* The words of a block as they are in W. */
static const uint8_t *plain_pieces(const Matrix *m, size_t chunk, size_t block, Scratch *scratch) {
    const size_t words = words_in(m, chunk);
    const uint8_t *pieces = pieces_of(m, chunk, block, words);
    if (!m->is_related) return pieces;
    memcpy(scratch->pieces, pieces, words * PIECE);
    relate(scratch->pieces, words);
    return scratch->pieces;
}

static void float_row(const Job *job, size_t row, size_t first, size_t blocks, Scratch *scratch) {
    const Matrix *m = job->matrix;
    float *acc = (float *)scratch->acc, *t = (float *)scratch->tables;
    memset(acc, 0, blocks * BLOCK * sizeof *acc);
    for (size_t chunk = 0; chunk < m->chunks; chunk++) {
        const size_t words = words_in(m, chunk);
        float_tables(chunk_of(m, row_of(job, row), chunk, scratch->x), (int)words, t);
        for (size_t b = 0; b < blocks; b++) FOR_PARTS(part, job, chunk) {
            const uint8_t *w = plain_pieces(m, chunk, first + b, scratch) + part.from * PIECE;
            if (m->groups <= 1) {
                m->engine->float_block(w, (int)part.words, t, acc + b * BLOCK);
                continue;
            }
            float sums[BLOCK] = {0}, *to = acc + b * BLOCK;
            const float *scales = scales_of(m, first + b, part.group);
            m->engine->float_block(w, (int)part.words, t + part.from * 128, sums);
            for (int r = 0; r < BLOCK; r++) to[r] = (float)(to[r] + (double)scales[r] * sums[r]); /* exact product */
        }
    }
    for (size_t b = 0; b < blocks; b++) {
        for (int r = 0; r < BLOCK; r++) acc[b * BLOCK + r] = (float)(job->scale * acc[b * BLOCK + r]);
        finish(job, row, first + b, acc + b * BLOCK);
    }
}

static void start(const Matrix *m, size_t block, int32_t *acc) {
    memset(acc, 0, m->planes * BLOCK * sizeof *acc);
    if (m->is_related) memcpy(acc + (m->planes - 1) * BLOCK, m->start + block * BLOCK, BLOCK * sizeof *acc);
}

/* A block's sums are started just before its first chunk and combined just after its last: they are in the first-level
 * cache then, and where there is one chunk they never leave it. */
static void integer_rows(const Job *job, const size_t *row, const float *step, int n, size_t first, size_t blocks,
                         Scratch *scratch) {
    const Matrix *m = job->matrix;
    const Engine *engine = m->engine;
    const size_t sums = (size_t)BLOCK * m->planes, stride = m->chunks == 1 ? sums : blocks * sums;
    for (size_t chunk = 0; chunk < m->chunks; chunk++) {
        const size_t words = words_in(m, chunk);
        for (int i = 0; i < n; i += 2) {
            const int n_x = MIN(2, n - i);
            for (int k = 0; k < n_x; k++)
                integer_tables(m, row_of(job, row[i + k]), chunk, step[i + k], scratch->x,
                               scratch->tables + k * TABLE_BYTES);
            for (size_t b = 0; b < blocks; b++) {
                const size_t from = (first + b) * BLOCK;
                const uint8_t *w = pieces_of(m, chunk, first + b, words);
                int32_t *acc = scratch->acc + (m->chunks == 1 ? 0 : i * stride + b * sums);
                for (int k = 0; chunk == 0 && k < n_x; k++) start(m, first + b, acc + k * stride);
                if (m->is_related)
                    engine->block_by_fives(w, (int)words, scratch->tables, n_x, acc, stride);
                else
                    engine->block(w, (int)words, scratch->tables, n_x, m->planes, acc, stride);
                for (int k = 0; chunk + 1 == m->chunks && k < n_x; k++) {
                    float *out = job->out + row[i + k] * m->d_out + from;
                    const size_t outputs = MIN(BLOCK, m->d_out - from);
                    engine->combine(acc + k * stride, m->planes, job->scale / step[i + k], (int)outputs, out);
                    finish(job, row[i + k], first + b, out);
                }
            }
        }
    }
}

/* As above where groups of inputs have scales of their own: their sums leave the integers as soon as they are there. */
static void grouped_rows(const Job *job, const size_t *row, const float *step, int n, size_t first, size_t blocks,
                         Scratch *scratch) {
    const Matrix *m = job->matrix;
    const size_t stride = blocks * BLOCK;
    float *acc = (float *)scratch->acc, factor[TILE];
    for (int i = 0; i < n; i++) factor[i] = (float)(job->scale / step[i]);
    memset(acc, 0, n * stride * sizeof *acc);
    for (size_t chunk = 0; chunk < m->chunks; chunk++) {
        const size_t words = words_in(m, chunk);
        for (int i = 0; i < n; i += 2) {
            const int n_x = MIN(2, n - i);
            for (int k = 0; k < n_x; k++) {
                const float *x = chunk_of(m, row_of(job, row[i + k]), chunk, scratch->x);
                /* Tables of a part begin where its first word has room for them, whatever room an engine takes. */
                FOR_PARTS(part, job, chunk)
                    m->engine->tables(x + part.from * 32, (int)part.words, step[i + k], m->planes,
                                      scratch->tables + k * TABLE_BYTES + part.from * WORD_TABLES);
            }
            for (size_t b = 0; b < blocks; b++) FOR_PARTS(part, job, chunk) {
                for (int r = 0; b + 1 < blocks && r < BLOCK; r += 16) /* the next block's are not near */
                    __builtin_prefetch(scales_of(m, first + b + 1, part.group) + r);
                m->engine->scaled_block(pieces_of(m, chunk, first + b, words) + part.from * PIECE, (int)part.words,
                                        scratch->tables + part.from * WORD_TABLES, n_x, m->planes,
                                        scales_of(m, first + b, part.group), factor + i, acc + i * stride + b * BLOCK,
                                        stride);
            }
        }
    }
    for (int i = 0; i < n; i++)
        for (size_t b = 0; b < blocks; b++) finish(job, row[i], first + b, acc + i * stride + b * BLOCK);
}

static void do_item(const Job *job, size_t item, Scratch *scratch) {
    const Matrix *m = job->matrix;
    const size_t first_row = item / job->panels * TILE, first = item % job->panels * job->panel;
    const size_t blocks = MIN(job->panel, m->blocks - first);
    size_t row[TILE];
    float step[TILE];
    int n = 0;
    for (size_t r = first_row; r < MIN(first_row + TILE, job->rows); r++) {
        step[n] = step_of(m, row_of(job, r));
        if (step[n] == 0)
            float_row(job, r, first, blocks, scratch);
        else
            row[n++] = r;
    }
    (m->groups > 1 ? grouped_rows : integer_rows)(job, row, step, n, first, blocks, scratch);
}

static int work(void *argument) {
    Job *job = argument;
    const size_t planes = job->matrix->planes;
    const size_t tile = MIN(job->rows, TILE), sums = tile * job->panel * BLOCK * (planes ? planes : 1);
    Scratch *scratch = aligned(sizeof(Scratch) + sums * sizeof(int32_t));
    if (!scratch) return 0; /* the other threads do its share */
    for (size_t item; (item = job->next++) < job->items;) do_item(job, item, scratch);
    release(scratch);
    return 1;
}

/* Threads claim items, so one that comes late does fewer. */
int multiply(const Matrix *m, const float *x, size_t rows, float *out, double scale, int activation, size_t threads) {
    const size_t tiles = (rows + TILE - 1) / TILE;
    threads = MIN(threads, 1 + m->blocks * BLOCK * m->words * 32 * rows / WORTH_A_THREAD);
    Job job = {.matrix = m, .x = x, .out = out, .scale = scale, .activation = activation, .rows = rows};
    job.group = m->groups > 1 ? m->words / m->groups : m->words;
    job.panel = MIN(PANEL, m->blocks);
    /* Too few tiles for the threads: split the outputs. Each item builds its tables anew, so not below 8 blocks. */
    if (threads > 1 && tiles < 8 * threads) {
        const size_t shares = tiles > 1 ? 2 * threads : threads;
        const size_t fair = (m->blocks * tiles + shares - 1) / shares;
        job.panel = MIN(job.panel, fair < 8 ? 8 : fair);
    }
    job.panels = (m->blocks + job.panel - 1) / job.panel;
    job.items = tiles * job.panels;
    share(work, &job, MIN(threads, job.items) - 1);
    return job.next >= job.items;
}
