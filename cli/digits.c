#include "digits.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

static bool digits_alloc(struct digits *d, int n)
{
    d->n = n;
    d->image = malloc((size_t)n * PIXELS * sizeof *d->image);
    d->label = malloc((size_t)n * sizeof *d->label);
    return d->image && d->label;
}

void digits_free(struct digits *d)
{
    free(d->image);
    free(d->label);
    *d = (struct digits){ 0 };
}

/* ---- MNIST ---- */

static gzFile open_idx(const char *dir, const char *set, const char *kind)
{
    char path[4096];
    gzFile f = NULL;
    for (int gz = 1; gz >= 0 && !f; gz--) {
        snprintf(path, sizeof path, "%s/%s-%s-ubyte%s", dir, set, kind, gz ? ".gz" : "");
        f = gzopen(path, "rb");
    }
    if (!f)
        fprintf(stderr, "weft: cannot open %s\n", path);
    return f;
}

static bool read_u32(gzFile f, uint32_t *v)
{
    unsigned char b[4];
    if (gzread(f, b, 4) != 4)
        return false;
    *v = (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
    return true;
}

static bool read_header(gzFile f, uint32_t magic, uint32_t *n)
{
    uint32_t m, side;
    if (!read_u32(f, &m) || m != magic || !read_u32(f, n) || *n == 0 || *n > 10000000)
        return false;
    if (magic == 0x801)
        return true;
    return read_u32(f, &side) && side == SIDE && read_u32(f, &side) && side == SIDE;
}

static bool read_values(gzFile images, gzFile labels, struct digits *d)
{
    unsigned char bytes[PIXELS];
    uint32_t n, m;
    if (!read_header(images, 0x803, &n) || !read_header(labels, 0x801, &m) || n != m ||
        !digits_alloc(d, (int)n))
        return false;
    for (int i = 0; i < d->n; i++) {
        if (gzread(images, bytes, PIXELS) != PIXELS)
            return false;
        for (int k = 0; k < PIXELS; k++)
            d->image[(size_t)i * PIXELS + (size_t)k] = (float)bytes[k] / 255.0f;
        if (gzread(labels, bytes, 1) != 1 || bytes[0] > 9)
            return false;
        d->label[i] = bytes[0];
    }
    return true;
}

bool digits_read(const char *dir, const char *set, struct digits *d)
{
    *d = (struct digits){ 0 };
    gzFile images = open_idx(dir, set, "images-idx3");
    gzFile labels = images ? open_idx(dir, set, "labels-idx1") : NULL;
    bool ok = labels && read_values(images, labels, d);
    if (labels && !ok)
        fprintf(stderr, "weft: the %s files in %s are not MNIST's idx files\n", set, dir);
    if (images)
        gzclose(images);
    if (labels)
        gzclose(labels);
    if (!ok)
        digits_free(d);
    return ok;
}

/* ---- drawing ---- */

struct point { float x, y; };

/* Each digit as strokes through points of a unit square, y downwards; {-1, -1} lifts the pen,
 * {-2, -2} ends. */
#define LIFT { -1, -1 }
#define END { -2, -2 }
static const struct point strokes[10][24] = {
    { { .5f, 0 }, { .2f, .1f }, { .05f, .35f }, { .05f, .65f }, { .2f, .9f }, { .5f, 1 },
      { .8f, .9f }, { .95f, .65f }, { .95f, .35f }, { .8f, .1f }, { .5f, 0 }, END },
    { { .3f, .2f }, { .55f, 0 }, { .55f, 1 }, END },
    { { .08f, .25f }, { .25f, .05f }, { .55f, 0 }, { .85f, .12f }, { .88f, .35f }, { .65f, .6f },
      { .3f, .82f }, { .05f, 1 }, { .95f, 1 }, END },
    { { .1f, .1f }, { .45f, 0 }, { .82f, .1f }, { .85f, .33f }, { .6f, .47f }, { .35f, .48f }, LIFT,
      { .6f, .47f }, { .9f, .62f }, { .9f, .85f }, { .55f, 1 }, { .08f, .9f }, END },
    { { .65f, 0 }, { .05f, .65f }, { .95f, .65f }, LIFT, { .68f, .3f }, { .68f, 1 }, END },
    { { .88f, 0 }, { .2f, 0 }, { .14f, .42f }, { .5f, .36f }, { .85f, .5f }, { .92f, .75f },
      { .6f, .98f }, { .08f, .92f }, END },
    { { .75f, 0 }, { .35f, .25f }, { .1f, .6f }, { .15f, .9f }, { .5f, 1 }, { .85f, .88f },
      { .88f, .62f }, { .55f, .5f }, { .15f, .65f }, END },
    { { .05f, 0 }, { .95f, 0 }, { .6f, .45f }, { .4f, 1 }, END },
    { { .5f, .46f }, { .18f, .3f }, { .2f, .08f }, { .5f, 0 }, { .8f, .08f }, { .82f, .3f },
      { .5f, .46f }, { .12f, .66f }, { .12f, .9f }, { .5f, 1 }, { .88f, .9f }, { .88f, .66f },
      { .5f, .46f }, END },
    { { .88f, .38f }, { .5f, .5f }, { .15f, .38f }, { .12f, .12f }, { .5f, 0 }, { .85f, .1f },
      { .88f, .38f }, { .8f, .7f }, { .6f, 1 }, END },
};

/* SplitMix64: small, good enough, and the same everywhere. */
static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static float between(uint64_t *state, float from, float to)
{
    return from + (to - from) * (float)(next_random(state) >> 40) * 0x1p-24f;
}

/* How one digit is written this time. */
struct hand { float width, height, slant, turn, left, top, thickness, wobble; };

static struct point place(const struct hand *h, struct point p, uint64_t *state)
{
    float x = (p.x - .5f) * h->width + (.5f - p.y) * h->slant * h->height;
    float y = (p.y - .5f) * h->height;
    return (struct point){
        h->left + x * cosf(h->turn) - y * sinf(h->turn) + between(state, -h->wobble, h->wobble),
        h->top + x * sinf(h->turn) + y * cosf(h->turn) + between(state, -h->wobble, h->wobble) };
}

static float distance_to(struct point a, struct point b, float x, float y)
{
    float dx = b.x - a.x, dy = b.y - a.y, length = dx * dx + dy * dy;
    float t = length > 0 ? ((x - a.x) * dx + (y - a.y) * dy) / length : 0;
    t = fminf(1, fmaxf(0, t));
    return hypotf(x - a.x - t * dx, y - a.y - t * dy);
}

static void draw_line(float *image, struct point a, struct point b, float thickness)
{
    int x0 = (int)(fminf(a.x, b.x) - thickness - 1), x1 = (int)(fmaxf(a.x, b.x) + thickness + 2);
    int y0 = (int)(fminf(a.y, b.y) - thickness - 1), y1 = (int)(fmaxf(a.y, b.y) + thickness + 2);
    for (int y = y0 < 0 ? 0 : y0; y < SIDE && y < y1; y++)
        for (int x = x0 < 0 ? 0 : x0; x < SIDE && x < x1; x++) {
            float ink = thickness + .5f - distance_to(a, b, (float)x, (float)y);
            ink = fminf(1, fmaxf(0, ink));
            if (ink > image[y * SIDE + x])
                image[y * SIDE + x] = ink;
        }
}

static void draw_digit(int digit, float *image, uint64_t *state)
{
    struct hand h = { .width = between(state, 9, 16), .height = between(state, 15, 20),
                      .slant = between(state, -.15f, .45f), .turn = between(state, -.2f, .2f),
                      .left = between(state, 12, 16), .top = between(state, 12.5f, 15),
                      .thickness = between(state, .6f, 1.6f), .wobble = .7f };
    const struct point *p = strokes[digit];
    struct point pen = place(&h, *p, state);
    memset(image, 0, PIXELS * sizeof *image);
    for (p++; p->x > -2; p++) {
        if (p->x < 0) {
            pen = place(&h, *++p, state);
            continue;
        }
        struct point to = place(&h, *p, state);
        draw_line(image, pen, to, h.thickness);
        pen = to;
    }
    for (int i = 0; i < PIXELS; i++)
        image[i] = fminf(1, fmaxf(0, image[i] + between(state, -.12f, .12f)));
}

bool digits_draw(int n, uint64_t seed, struct digits *d)
{
    *d = (struct digits){ 0 };
    if (!digits_alloc(d, n)) {
        digits_free(d);
        return false;
    }
    for (int i = 0; i < n; i++) {
        d->label[i] = (int32_t)(next_random(&seed) % 10);
        draw_digit(d->label[i], d->image + (size_t)i * PIXELS, &seed);
    }
    return true;
}
