/* hash.c - strings to buckets: StringToHashBucketFast (FarmHash's Fingerprint64), Strong (SipHash)
 * and StringToHashBucket (TensorFlow's old hash, after MurmurHash64A). The numbers never change. */
#include "ops/hash.h"

#include "graph/graph.h"
#include "op/kernel.h"
#include "tensor/tstring.h"

#include <string.h>

static uint64_t word_at(const char *s)          /* little-endian, as on every machine we run on */
{
    uint64_t w;
    memcpy(&w, s, sizeof w);
    return w;
}

static uint64_t half_at(const char *s)
{
    uint32_t w;
    memcpy(&w, s, sizeof w);
    return w;
}

static uint64_t right(uint64_t v, int by) { return v >> by | v << (64 - by); }
static uint64_t left(uint64_t v, int by) { return v << by | v >> (64 - by); }

/* ---- FarmHash ---- */

#define K0 0xc3a5c85c97cb3127u
#define K1 0xb492b66fbe98f273u
#define K2 0x9ae16a3b2f90404fu

static uint64_t mix(uint64_t v) { return v ^ v >> 47; }

static uint64_t join(uint64_t u, uint64_t v, uint64_t mul)
{
    uint64_t a = mix((u ^ v) * mul);
    return mix((v ^ a) * mul) * mul;
}

static uint64_t farm_short(const char *s, size_t n)             /* up to 16 bytes */
{
    uint64_t mul = K2 + n * 2;
    if (n >= 8) {
        uint64_t a = word_at(s) + K2, b = word_at(s + n - 8);
        return join(right(b, 37) * mul + a, (right(a, 25) + b) * mul, mul);
    }
    if (n >= 4)
        return join(n + (half_at(s) << 3), half_at(s + n - 4), mul);
    if (n == 0)
        return K2;
    uint64_t y = (uint8_t)s[0] + ((uint64_t)(uint8_t)s[n >> 1] << 8);
    uint64_t z = n + ((uint64_t)(uint8_t)s[n - 1] << 2);
    return mix(y * K2 ^ z * K0) * K2;
}

static uint64_t farm_32(const char *s, size_t n)                /* 17 to 32 */
{
    uint64_t mul = K2 + n * 2, a = word_at(s) * K1, b = word_at(s + 8);
    uint64_t c = word_at(s + n - 8) * mul, d = word_at(s + n - 16) * K2;
    return join(right(a + b, 43) + right(c, 30) + d, a + right(b + K2, 18) + c, mul);
}

static uint64_t farm_64(const char *s, size_t n)                /* 33 to 64 */
{
    uint64_t mul = K2 + n * 2, a = word_at(s) * K2, b = word_at(s + 8);
    uint64_t c = word_at(s + n - 8) * mul, d = word_at(s + n - 16) * K2;
    uint64_t y = right(a + b, 43) + right(c, 30) + d;
    uint64_t z = join(y, a + right(b + K2, 18) + c, mul);
    uint64_t e = word_at(s + 16) * mul, f = word_at(s + 24);
    uint64_t g = (y + word_at(s + n - 32)) * mul, h = (z + word_at(s + n - 24)) * mul;
    return join(right(e + f, 43) + right(g, 30) + h, e + right(f + a, 18) + g, mul);
}

/* 64 bytes at a time go into x, y, z and two pairs. */
struct farm { uint64_t x, y, z, v[2], w[2]; };

static void farm_weak(const char *s, uint64_t a, uint64_t b, uint64_t to[2])
{
    uint64_t z = word_at(s + 24), c;
    a += word_at(s);
    b = right(b + a + z, 21);
    c = a;
    a += word_at(s + 8) + word_at(s + 16);
    b += right(a, 44);
    to[0] = a + z;
    to[1] = b + c;
}

/* The last round differs in its factors. */
static void farm_round(struct farm *h, const char *s, uint64_t mul, bool last)
{
    uint64_t x = h->x, y = h->y, z = h->z;
    x = right(x + y + h->v[0] + word_at(s + 8), 37) * mul;
    y = right(y + h->v[1] + word_at(s + 48), 42) * mul;
    x ^= h->w[1] * (last ? 9 : 1);
    y += h->v[0] * (last ? 9 : 1) + word_at(s + 40);
    z = right(z + h->w[0], 33) * mul;
    farm_weak(s, h->v[1] * mul, x + h->w[0], h->v);
    farm_weak(s + 32, z + h->w[1], y + word_at(s + 16), h->w);
    *h = (struct farm){ z, y, x, { h->v[0], h->v[1] }, { h->w[0], h->w[1] } };
}

static uint64_t farm_long(const char *s, size_t n)
{
    const uint64_t seed = 81;
    struct farm h = { .x = seed, .y = seed * K1 + 113 };
    const char *end = s + (n - 1) / 64 * 64, *last = s + n - 64;
    h.z = mix(h.y * K2 + 113) * K2;
    h.x = h.x * K2 + word_at(s);
    for (; s != end; s += 64)
        farm_round(&h, s, K1, false);
    uint64_t mul = K1 + ((h.z & 0xff) << 1);
    h.w[0] += (n - 1) & 63;
    h.v[0] += h.w[0];
    h.w[0] += h.v[0];
    farm_round(&h, last, mul, true);
    return join(join(h.v[0], h.w[0], mul) + mix(h.y) * K0 + h.z,
                join(h.v[1], h.w[1], mul) + h.x, mul);
}

uint64_t hash_text(const char *s, size_t n)
{
    return n <= 16 ? farm_short(s, n) : n <= 32 ? farm_32(s, n) : n <= 64 ? farm_64(s, n)
           : farm_long(s, n);
}

static uint64_t fast_hash(const uint64_t *key, const char *s, size_t n)
{
    (void)key;
    return hash_text(s, n);
}

#define MURMUR 0xc6a4a7935bd1e995u

uint64_t hash_join(uint64_t a, uint64_t b)
{
    uint64_t h = (a ^ MURMUR ^ mix(b * MURMUR) * MURMUR) * MURMUR;
    return mix(mix(h) * MURMUR);
}

/* ---- the old hash ---- */

static uint64_t old_hash(const uint64_t *key, const char *s, size_t n)
{
    const uint64_t m = MURMUR;
    uint64_t h = 0xDECAFCAFFEu ^ n * m, rest = 0;
    (void)key;
    for (; n >= 8; n -= 8, s += 8) {
        uint64_t k = word_at(s) * m;
        h = (h ^ (k ^ k >> 47) * m) * m;
    }
    memcpy(&rest, s, n);
    if (n)
        h = (h ^ rest) * m;
    h = mix(h) * m;
    return mix(h);
}

/* ---- SipHash-2-4, as HighwayHash has it ---- */

struct sip { uint64_t v[4]; };

static void sip_rounds(struct sip *s, int n)
{
    uint64_t *v = s->v;
    while (n-- > 0) {
        v[0] += v[1];
        v[2] += v[3];
        v[1] = left(v[1], 13) ^ v[0];
        v[3] = left(v[3], 16) ^ v[2];
        v[0] = left(v[0], 32);
        v[2] += v[1];
        v[0] += v[3];
        v[1] = left(v[1], 17) ^ v[2];
        v[3] = left(v[3], 21) ^ v[0];
        v[2] = left(v[2], 32);
    }
}

static void sip_word(struct sip *s, uint64_t w)
{
    s->v[3] ^= w;
    sip_rounds(s, 2);
    s->v[0] ^= w;
}

static uint64_t strong_hash(const uint64_t *key, const char *s, size_t n)
{
    struct sip h = { { 0x736f6d6570736575u ^ key[0], 0x646f72616e646f6du ^ key[1],
                       0x6c7967656e657261u ^ key[0], 0x7465646279746573u ^ key[1] } };
    uint64_t last = (uint64_t)n << 56, rest = 0;
    for (; n >= 8; n -= 8, s += 8)
        sip_word(&h, word_at(s));
    memcpy(&rest, s, n);
    sip_word(&h, last | rest);
    h.v[2] ^= 0xff;
    sip_rounds(&h, 4);
    return h.v[0] ^ h.v[1] ^ h.v[2] ^ h.v[3];
}

/* ---- the ops ---- */

struct buckets {
    uint64_t (*hash)(const uint64_t *key, const char *s, size_t n);
    uint64_t n, key[2];
};

static struct status *buckets_prepare(struct prep *p,
                                      uint64_t (*hash)(const uint64_t *, const char *, size_t))
{
    struct buckets *b;
    const struct attr *key = node_attr_find(p->node, "key");
    TRY(prep_state(p, sizeof *b, &b));
    b->hash = hash;
    b->n = (uint64_t)node_attr(p->node, "num_buckets");
    if (key) {
        ENSURE(key->n == 2, "Key must have 2 elements");
        b->key[0] = (uint64_t)key->ints[0];
        b->key[1] = (uint64_t)key->ints[1];
    }
    return NULL;
}

static struct status *fast_prepare(struct prep *p) { return buckets_prepare(p, fast_hash); }
static struct status *old_prepare(struct prep *p) { return buckets_prepare(p, old_hash); }
static struct status *strong_prepare(struct prep *p) { return buckets_prepare(p, strong_hash); }

static struct status *to_buckets(struct kernel *k)
{
    const struct buckets *b = k->state;
    const struct tensor *x = kernel_in(k, 0);
    const struct tstring *s = x->data;
    TRY(kernel_new(k, 0, DT_INT64, &x->shape));
    int64_t *y = kernel_out(k, 0)->data;
    for (int64_t i = 0; i < tensor_count(x); i++)
        y[i] = (int64_t)(b->hash(b->key, tstring_data(s + i), tstring_len(s + i)) % b->n);
    return NULL;
}

#define BUCKETS .outputs = "output: int64", .shape = shape_unchanged, \
    .grad = NOT_DIFFERENTIABLE, .kernel_any = to_buckets

const struct op ops_hash[] = {
    { .name = "StringToHashBucketFast", BUCKETS, .inputs = "input: string",
      .attrs = "num_buckets: int >= 1", .prepare = fast_prepare,
      .doc = "Strings as numbers below num_buckets, by a hash that is fast but can be outwitted." },
    { .name = "StringToHashBucketStrong", BUCKETS, .inputs = "input: string",
      .attrs = "num_buckets: int >= 1; key: list(int)", .prepare = strong_prepare,
      .doc = "Strings as numbers below num_buckets, by a hash that needs a key." },
    { .name = "StringToHashBucket", BUCKETS, .inputs = "string_tensor: string",
      .attrs = "num_buckets: int >= 1", .prepare = old_prepare,
      .doc = "Strings as numbers below num_buckets, by the hash of old models." },
    { 0 }
};
