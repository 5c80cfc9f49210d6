#include "io/png.h"
#include "base/mem.h"
#include "base/str.h"

#include <png.h>
#include <zlib.h>

static void collect(png_structp png, png_bytep data, size_t n)
{
    struct str *to = png_get_io_ptr(png);
    str_add(to, (const char *)data, n);
    if (to->failed)
        png_error(png, "no memory");
}

static void flushed(png_structp png) { (void)png; }

/* Its own way out, and no word to standard error. */
static void on_error(png_structp png, png_const_charp text)
{
    (void)text;
    png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp text)
{
    (void)png;
    (void)text;
}

static void *take(png_structp png, png_alloc_size_t n)
{
    (void)png;
    return mem_alloc(n);
}

static void give(png_structp png, void *p)
{
    (void)png;
    mem_free(p);
}

static void put_picture(png_structp png, png_infop info, const struct picture *p)
{
    static const int color[] = { 0, PNG_COLOR_TYPE_GRAY, PNG_COLOR_TYPE_GRAY_ALPHA,
                                 PNG_COLOR_TYPE_RGB, PNG_COLOR_TYPE_RGB_ALPHA };
    const uint8_t *row = p->pixels;
    png_set_compression_level(png, p->compression);
    png_set_compression_mem_level(png, MAX_MEM_LEVEL);
    png_set_IHDR(png, info, (png_uint_32)p->width, (png_uint_32)p->height, p->bits,
                 color[p->channels], PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
                 PNG_FILTER_TYPE_DEFAULT);
    png_write_info(png, info);
    if (p->bits > 8)
        png_set_swap(png);
    for (int i = 0; i < p->height; i++, row += (size_t)p->width * p->channels * (p->bits / 8))
        png_write_row(png, row);
    png_write_end(png, NULL);
}

/* libpng fails by jumping back here: what lives beyond that is in `to`, which is the caller's. */
static bool write_png(png_structp png, png_infop info, const struct picture *p, struct str *to)
{
    if (setjmp(png_jmpbuf(png)))
        return false;
    png_set_write_fn(png, to, collect, flushed);
    put_picture(png, info, p);
    return true;
}

struct status *png_encode(const struct picture *p, void **bytes, size_t *n)
{
    struct str to = { 0 };
    png_structp png = png_create_write_struct_2(PNG_LIBPNG_VER_STRING, NULL, on_error, on_warning,
                                                NULL, take, give);
    png_infop info = png ? png_create_info_struct(png) : NULL;
    bool done = info && write_png(png, info, p, &to), memory = info && !to.failed;
    png_destroy_write_struct(&png, &info);
    *bytes = to.text;
    *n = to.n;
    if (done)
        return NULL;
    str_free(&to);
    return memory ? status_new(INTERNAL, "PNG encoding failed") : status_no_memory();
}
