#include "tensor/tstring.h"
#include "base/mem.h"

static const unsigned char *bytes_of(const struct tstring *s)
{
    return (const unsigned char *)s;
}

static bool is_large(const struct tstring *s) { return (bytes_of(s)[0] & 3) == 1; }

size_t tstring_len(const struct tstring *s)
{
    return is_large(s) ? (size_t)(s->word[0] >> 2) : (size_t)(bytes_of(s)[0] >> 2);
}

const char *tstring_data(const struct tstring *s)
{
    return is_large(s) ? (const char *)(uintptr_t)s->word[2] : (const char *)bytes_of(s) + 1;
}

void tstring_free(struct tstring *s)
{
    if (is_large(s))
        mem_free((void *)(uintptr_t)s->word[2]);
    *s = (struct tstring){ { 0 } };
}

bool tstring_set(struct tstring *s, const char *data, size_t n)
{
    struct tstring fresh = { { 0 } };
    char *to = (char *)&fresh + 1;
    if (n > TSTRING_SMALL) {
        to = mem_alloc(n + 1);
        if (!to)
            return false;
        fresh = (struct tstring){ { (uint64_t)n << 2 | 1, n, (uintptr_t)to } };
    } else {
        *(unsigned char *)&fresh = (unsigned char)(n << 2);
    }
    if (n)
        memcpy(to, data, n);
    to[n] = 0;
    tstring_free(s);
    *s = fresh;
    return true;
}

bool tstring_copy(struct tstring *to, const struct tstring *from)
{
    return tstring_set(to, tstring_data(from), tstring_len(from));
}

bool tstring_equal(const struct tstring *a, const struct tstring *b)
{
    size_t n = tstring_len(a);
    return n == tstring_len(b) && !memcmp(tstring_data(a), tstring_data(b), n);
}
