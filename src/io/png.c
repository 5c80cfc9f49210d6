#include "io/png.h"

#include "base/library.h"
#include "base/mem.h"

#include <png.h>
#include <setjmp.h>
#include <string.h>
#include <zlib.h>

#define NAMES(X)                                                                              \
    X(create_write_struct_2) X(create_read_struct_2) X(create_info_struct)                    \
    X(destroy_write_struct) X(destroy_read_struct) X(get_error_ptr) X(get_mem_ptr)            \
    X(get_io_ptr) X(set_write_fn) X(set_read_fn) X(set_compression_level)                     \
    X(set_compression_mem_level) X(set_IHDR) X(write_info) X(set_swap) X(write_row)           \
    X(write_end) X(read_info) X(get_IHDR) X(get_valid) X(get_channels) X(set_tRNS_to_alpha)   \
    X(set_add_alpha) X(set_strip_alpha) X(set_strip_16) X(set_expand_16) X(set_packing)       \
    X(set_interlace_handling) X(set_palette_to_rgb) X(set_expand_gray_1_2_4_to_8)             \
    X(set_rgb_to_gray_fixed) X(set_gray_to_rgb) X(read_update_info) X(get_rowbytes)           \
    X(read_row) X(read_end) X(set_user_limits)

static struct {
#define X(name) __typeof__(&png_##name) name;
    NAMES(X)
#undef X
} png;

static const struct library_symbol symbols[] = {
#define X(name) { "png_" #name, (void **)&png.name },
    NAMES(X)
#undef X
};

static struct library library = LIBRARY("libpng", "libpng16.so.16", "libpng16-16", symbols);

static struct status *load(void) { return library_need(&library); }

/* ---- what libpng asks of us ---- */

/* An error of libpng's ends here: it may not go on, so it jumps. */
struct trap { jmp_buf at; bool no_memory; };

static _Noreturn void on_error(png_structp p, png_const_charp text)
{
    (void)text;
    longjmp(((struct trap *)png.get_error_ptr(p))->at, 1);
}

static void on_warning(png_structp p, png_const_charp text) { (void)p; (void)text; }

static png_voidp on_malloc(png_structp p, png_alloc_size_t n)
{
    void *room = mem_alloc(n);
    if (!room)
        ((struct trap *)png.get_mem_ptr(p))->no_memory = true;
    return room;
}

static void on_free(png_structp p, png_voidp room)
{
    (void)p;
    mem_free(room);
}

/* ---- writing ---- */

struct writer { struct trap trap; png_structp png; png_infop info; struct str *to; };

static void on_write(png_structp p, png_bytep bytes, size_t n)
{
    str_add(png.get_io_ptr(p), (const char *)bytes, n);
}

static void on_flush(png_structp p) { (void)p; }

static void write_header(struct writer *w, int64_t height, int64_t width, int channels, int bits,
                         int compression)
{
    static const int type[] = { 0, PNG_COLOR_TYPE_GRAY, PNG_COLOR_TYPE_GRAY_ALPHA,
                                PNG_COLOR_TYPE_RGB, PNG_COLOR_TYPE_RGB_ALPHA };
    png.set_write_fn(w->png, w->to, on_write, on_flush);
    png.set_compression_level(w->png, compression < 0 ? Z_DEFAULT_COMPRESSION : compression);
    png.set_compression_mem_level(w->png, MAX_MEM_LEVEL);
    png.set_IHDR(w->png, w->info, (png_uint_32)width, (png_uint_32)height, bits, type[channels],
                 PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png.write_info(w->png, w->info);
    if (bits == 16 && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__)
        png.set_swap(w->png);
}

static bool write_all(struct writer *w, const unsigned char *pixels, int64_t height, int64_t width,
                      int channels, int bits, int compression)
{
    if (setjmp(w->trap.at))
        return false;
    w->info = png.create_info_struct(w->png);
    if (!w->info)
        return false;
    write_header(w, height, width, channels, bits, compression);
    size_t row = (size_t)width * (size_t)channels * (size_t)bits / 8;
    for (int64_t y = 0; y < height; y++)
        png.write_row(w->png, pixels + (size_t)y * row);
    png.write_end(w->png, NULL);
    return !w->to->failed;
}

struct status *png_encode(const void *pixels, int64_t height, int64_t width, int channels,
                          int bits, int compression, struct str *to)
{
    struct writer w = { .to = to };
    TRY(load());
    ENSURE(channels >= 1 && channels <= 4, "A PNG image has 1, 2, 3 or 4 channels, not %d",
           channels);
    ENSURE(height > 0 && width > 0 && height <= PNG_USER_HEIGHT_MAX && width <= PNG_USER_WIDTH_MAX,
           "A PNG image of %lld by %lld pixels cannot be", (long long)width, (long long)height);
    NEED(w.png = png.create_write_struct_2(PNG_LIBPNG_VER_STRING, &w.trap, on_error, on_warning,
                                           &w.trap, on_malloc, on_free));
    bool ok = write_all(&w, pixels, height, width, channels, bits, compression);
    png.destroy_write_struct(&w.png, &w.info);
    if (ok)
        return NULL;
    return w.trap.no_memory || to->failed ? status_no_memory()
                                          : status_new(INTERNAL, "PNG encoding failed");
}

/* ---- reading ---- */

struct png_reader {
    struct trap trap;
    png_structp png;
    png_infop info;
    const unsigned char *at;
    size_t left, n;
    int passes;
    struct png_size size;
    int bits;
};

static void on_read(png_structp p, png_bytep to, size_t n)
{
    struct png_reader *r = png.get_io_ptr(p);
    if (n > r->left)
        on_error(p, "truncated");
    memcpy(to, r->at, n);
    r->at += n;
    r->left -= n;
}

/* TF: an even number of channels has alpha, taken or added; an odd one has none. What it adds to
 * less than 8 bits is not opaque. */
static void choose_alpha(struct png_reader *r, bool has_alpha, bool has_trns, int depth)
{
    unsigned opaque = (1u << depth) - 1;
    if (r->size.channels % 2) {
        if (has_alpha || has_trns)
            png.set_strip_alpha(r->png);
    } else if (!has_alpha && has_trns) {
        png.set_tRNS_to_alpha(r->png);
    } else if (!has_alpha) {
        png.set_add_alpha(r->png, r->bits == 16 && depth <= 8 ? opaque * 257 : opaque,
                          PNG_FILLER_AFTER);
    }
}

static void choose_color(struct png_reader *r, int type, int depth)
{
    bool is_grey = !(type & PNG_COLOR_MASK_COLOR), want_grey = r->size.channels < 3;
    if (type == PNG_COLOR_TYPE_PALETTE)
        png.set_palette_to_rgb(r->png);
    if (is_grey && depth < 8)
        png.set_expand_gray_1_2_4_to_8(r->png);
    if (want_grey && !is_grey)
        png.set_rgb_to_gray_fixed(r->png, 1, 29900, 58700);     /* ITU-R 601, times 100000 */
    if (!want_grey && is_grey)
        png.set_gray_to_rgb(r->png);
}

static void choose_depth(struct png_reader *r, int depth)
{
    if (depth > 8 && r->bits == 8)
        png.set_strip_16(r->png);
    if (depth <= 8 && r->bits == 16)
        png.set_expand_16(r->png);
    if (r->bits == 16 && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__)
        png.set_swap(r->png);
    png.set_packing(r->png);
}

static int own_channels(const struct png_reader *r, int type, bool has_trns)
{
    return type == PNG_COLOR_TYPE_PALETTE ? 3 + has_trns : png.get_channels(r->png, r->info);
}

static bool read_header(struct png_reader *r)
{
    png_uint_32 width, height;
    int depth, type;
    if (setjmp(r->trap.at) || !(r->info = png.create_info_struct(r->png)))
        return false;
    png.set_read_fn(r->png, r, on_read);
    png.set_user_limits(r->png, INT32_MAX, INT32_MAX);
    png.read_info(r->png, r->info);
    png.get_IHDR(r->png, r->info, &width, &height, &depth, &type, NULL, NULL, NULL);
    bool has_trns = png.get_valid(r->png, r->info, PNG_INFO_tRNS);
    r->size.height = height;
    r->size.width = width;
    if (!r->size.channels)
        r->size.channels = own_channels(r, type, has_trns);
    choose_alpha(r, type & PNG_COLOR_MASK_ALPHA, has_trns, depth);
    r->passes = png.set_interlace_handling(r->png);
    choose_depth(r, depth);
    choose_color(r, type, depth);
    return true;
}

/* Deflate makes at most 1032 bytes of one, and a pixel takes at least a bit. */
static struct status *check_size(const struct png_reader *r)
{
    int64_t h = r->size.height, w = r->size.width;
    ENSURE(w < 1 << 27 && h < 1 << 27 && w * h < 1 << 29,
           "PNG size too large for int: %lld by %lld", (long long)w, (long long)h);
    ENSURE(w * h / 8 + h <= 1032 * (int64_t)r->n, "Invalid PNG data, size %zu", r->n);
    return NULL;
}

static bool fits_rows(struct png_reader *r)
{
    if (setjmp(r->trap.at))
        return false;
    png.read_update_info(r->png, r->info);
    return png.get_rowbytes(r->png, r->info) ==
           (size_t)r->size.width * (size_t)r->size.channels * (size_t)r->bits / 8;
}

static struct status *refuse(const struct png_reader *r, const char *what)
{
    return r->trap.no_memory ? status_no_memory()
                             : status_new(INVALID_ARGUMENT, "Invalid PNG %s %zu", what, r->n);
}

static struct status *begin(struct png_reader *r)
{
    NEED(r->png = png.create_read_struct_2(PNG_LIBPNG_VER_STRING, &r->trap, on_error, on_warning,
                                           &r->trap, on_malloc, on_free));
    if (!read_header(r))
        return refuse(r, "header, data size");
    TRY(check_size(r));
    return fits_rows(r) ? NULL : refuse(r, "header, data size");
}

struct status *png_open(const void *bytes, size_t n, int channels, int bits,
                        struct png_reader **to, struct png_size *size)
{
    struct png_reader *r;
    TRY(load());
    NEED(r = mem_new(struct png_reader));
    r->at = bytes;
    r->left = r->n = n;
    r->size.channels = channels;
    r->bits = bits;
    struct status *st = begin(r);
    if (st) {
        png_close(r);
        return st;
    }
    *size = r->size;
    *to = r;
    return NULL;
}

static bool read_rows(struct png_reader *r, unsigned char *pixels)
{
    if (setjmp(r->trap.at))
        return false;
    size_t row = png.get_rowbytes(r->png, r->info);
    for (int pass = 0; pass < r->passes; pass++)
        for (int64_t y = 0; y < r->size.height; y++)
            png.read_row(r->png, pixels + (size_t)y * row, NULL);
    png.read_end(r->png, r->info);
    return true;
}

struct status *png_read(struct png_reader *r, void *pixels)
{
    return read_rows(r, pixels) ? NULL : refuse(r, "data, size");
}

void png_close(struct png_reader *r)
{
    if (r && r->png)
        png.destroy_read_struct(&r->png, &r->info, NULL);
    mem_free(r);
}
