#include "io/gif.h"

#include "base/library.h"
#include "base/mem.h"

#include <gif_lib.h>
#include <stdbool.h>
#include <string.h>

#define NAMES(X) \
    X(DGifOpen) X(DGifSlurp) X(DGifCloseFile) X(DGifSavedExtensionToGCB) X(GifErrorString)

static struct {
#define X(name) __typeof__(&name) name;
    NAMES(X)
#undef X
} lib;

static const struct library_symbol symbols[] = {
#define X(name) { #name, (void **)&lib.name },
    NAMES(X)
#undef X
};

static struct library library = LIBRARY("giflib", "libgif.so.7", "libgif7", symbols);

static struct status *load(void) { return library_need(&library); }

struct gif {
    GifFileType *file;
    const uint8_t *at, *end;
    struct gif_size size;
};

static int on_read(GifFileType *f, GifByteType *to, int n)
{
    struct gif *g = f->UserData;
    if (n > g->end - g->at)
        n = (int)(g->end - g->at);
    memcpy(to, g->at, (size_t)n);
    g->at += n;
    return n;
}

/* ---- before giflib may allocate what a header promises ---- */

/* Past the blocks of data that follow an image or an extension; their bytes are counted. */
static const uint8_t *skip_blocks(const uint8_t *p, const uint8_t *end, int64_t *bytes)
{
    while (p < end && *p) {
        *bytes += *p;
        p += 1 + (size_t)(*p < end - p ? *p : end - p - 1);
    }
    return p < end ? p + 1 : end;
}

static size_t colors(uint8_t flags) { return flags & 128 ? 3u << ((flags & 7) + 1) : 0; }

/* LZW makes at most 3839 pixels of a code of 12 bits. Malformed files are left to giflib. */
static bool promises_too_much(const uint8_t *p, size_t n)
{
    const uint8_t *end = p + n;
    if (n < 13)
        return false;
    for (p += 13 + colors(p[10]); p < end && (*p == ',' || *p == '!');) {
        int64_t bytes = 0;
        if (*p == '!') {
            p = skip_blocks(p + 2 < end ? p + 2 : end, end, &bytes);
            continue;
        }
        if (end - p < 11)
            return false;
        int64_t pixels = (int64_t)(p[5] | p[6] << 8) * (p[7] | p[8] << 8);
        size_t table = colors(p[9]);
        if (table > (size_t)(end - p - 11))
            return false;
        p = skip_blocks(p + 11 + table, end, &bytes);
        if (pixels > 2560 * (bytes + 1))
            return true;
    }
    return false;
}

/* ---- frames ---- */

static void measure(struct gif *g)
{
    g->size.frames = g->file->ImageCount;
    for (int i = 0; i < g->file->ImageCount; i++) {
        const GifImageDesc *d = &g->file->SavedImages[i].ImageDesc;
        g->size.width = d->Width > g->size.width ? d->Width : g->size.width;
        g->size.height = d->Height > g->size.height ? d->Height : g->size.height;
    }
}

static struct status *begin(struct gif *g, const void *bytes, size_t n)
{
    int error = 0;
    ENSURE(!promises_too_much(bytes, n), "failed to slurp gif file: its images are truncated");
    g->at = bytes;
    g->end = g->at + n;
    g->file = lib.DGifOpen(g, on_read, &error);
    ENSURE(g->file, "failed to open gif file: %s", lib.GifErrorString(error));
    ENSURE(lib.DGifSlurp(g->file) == GIF_OK, "failed to slurp gif file: %s",
           lib.GifErrorString(g->file->Error));
    ENSURE(g->file->ImageCount > 0, "gif file does not contain any image");
    measure(g);
    return NULL;
}

struct status *gif_open(const void *bytes, size_t n, struct gif **to, struct gif_size *size)
{
    struct gif *g;
    TRY(load());
    NEED(g = mem_new(struct gif));
    struct status *st = begin(g, bytes, n);
    if (st) {
        gif_close(g);
        return st;
    }
    *size = g->size;
    *to = g;
    return NULL;
}

struct frame { const SavedImage *image; const ColorMapObject *map; int clear; };

static struct status *put_row(const struct gif *g, const struct frame *f, int64_t y,
                              unsigned char *pixels)
{
    const GifImageDesc *d = &f->image->ImageDesc;
    const GifByteType *index = f->image->RasterBits + (size_t)y * (size_t)d->Width;
    for (int64_t x = 0; x < d->Width && d->Left + x < g->size.width; x++) {
        if (index[x] == f->clear)
            continue;
        ENSURE(index[x] < f->map->ColorCount, "found color index %d outside of color map range %d",
               index[x], f->map->ColorCount);
        const GifColorType *c = &f->map->Colors[index[x]];
        unsigned char *to = pixels + 3 * ((d->Top + y) * g->size.width + d->Left + x);
        to[0] = c->Red;
        to[1] = c->Green;
        to[2] = c->Blue;
    }
    return NULL;
}

static struct status *put_frame(const struct gif *g, int i, unsigned char *pixels)
{
    struct frame f = { .image = &g->file->SavedImages[i], .clear = NO_TRANSPARENT_COLOR };
    const GifImageDesc *d = &f.image->ImageDesc;
    GraphicsControlBlock b;
    if (lib.DGifSavedExtensionToGCB(g->file, i, &b) == GIF_OK)
        f.clear = b.TransparentColor;
    f.map = d->ColorMap ? d->ColorMap : g->file->SColorMap;
    ENSURE(f.map, "missing color map for frame %d", i);
    for (int64_t y = 0; y < d->Height && d->Top + y < g->size.height; y++)
        TRY(put_row(g, &f, y, pixels));
    return NULL;
}

struct status *gif_read(const struct gif *g, unsigned char *pixels)
{
    size_t frame = (size_t)g->size.height * (size_t)g->size.width * 3;
    memset(pixels, 0, frame);
    for (int i = 0; i < g->size.frames; i++) {
        unsigned char *to = pixels + (size_t)i * frame;
        if (i)
            memcpy(to, to - frame, frame);
        TRY(put_frame(g, i, to));
    }
    return NULL;
}

void gif_close(struct gif *g)
{
    int error;
    if (g && g->file)
        lib.DGifCloseFile(g->file, &error);
    mem_free(g);
}
