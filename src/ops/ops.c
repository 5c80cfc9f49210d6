#include "ops/ops.h"
#include "op/op.h"

#include <pthread.h>

/* The families, in one place: a line each. */
#define FAMILIES(X) \
    X(accumulator) \
    X(accumulator_sparse) \
    X(activation) \
    X(adaptive) \
    X(arg) \
    X(audio) \
    X(band) \
    X(barrier) \
    X(beam) \
    X(binary) \
    X(bins) \
    X(bitcast) \
    X(bitpack) \
    X(boxes) \
    X(boxes_combined) \
    X(broadcast) \
    X(candidate) \
    X(cast) \
    X(checkpoint) \
    X(clip) \
    X(color) \
    X(compare) \
    X(complex) \
    X(conv) \
    X(conv_fused) \
    X(crop) \
    X(cross) \
    X(csv) \
    X(ctc) \
    X(ctc_beam) \
    X(dataset_batch) \
    X(dataset_cache) \
    X(dataset_csv) \
    X(dataset_file) \
    X(dataset_flat) \
    X(dataset_generator) \
    X(dataset_group) \
    X(dataset_join) \
    X(dataset_map) \
    X(dataset_parallel) \
    X(dataset_part) \
    X(dataset_pick) \
    X(dataset_prefetch) \
    X(dataset_reduce) \
    X(dataset_shuffle) \
    X(dataset_source) \
    X(debug) \
    X(decompose) \
    X(descent) \
    X(diag) \
    X(dilation) \
    X(edit) \
    X(encode) \
    X(example) \
    X(example_json) \
    X(example_sequence) \
    X(fake_quant) \
    X(fft) \
    X(file) \
    X(fill) \
    X(flow) \
    X(format) \
    X(fractional) \
    X(ftrl) \
    X(functional) \
    X(gather) \
    X(glimpse) \
    X(gru) \
    X(hash) \
    X(hits) \
    X(image_file) \
    X(inplace) \
    X(iterator) \
    X(join) \
    X(kept) \
    X(least) \
    X(like) \
    X(linalg) \
    X(logic) \
    X(lrn) \
    X(lstm) \
    X(lstm_grad) \
    X(matmul) \
    X(matrix_function) \
    X(mirror) \
    X(move) \
    X(mutex) \
    X(nd) \
    X(nearest) \
    X(ngrams) \
    X(norm) \
    X(nth) \
    X(optional) \
    X(parse) \
    X(partition) \
    X(patches) \
    X(pool) \
    X(process) \
    X(quantize) \
    X(quantize_dequantize) \
    X(quantized) \
    X(quantized_conv) \
    X(quantized_norm) \
    X(queue) \
    X(ragged) \
    X(random) \
    X(reader) \
    X(record_input) \
    X(reduce) \
    X(regex) \
    X(remap) \
    X(resize) \
    X(roll) \
    X(sample) \
    X(sample_box) \
    X(scan) \
    X(scatter) \
    X(script) \
    X(search) \
    X(segment) \
    X(select) \
    X(set) \
    X(shape) \
    X(slice) \
    X(softmax) \
    X(source) \
    X(space) \
    X(sparse) \
    X(sparse_cross) \
    X(sparse_dense) \
    X(sparse_map) \
    X(sparse_math) \
    X(sparse_matmul) \
    X(sparse_reduce) \
    X(sparse_segment) \
    X(sparse_serial) \
    X(special) \
    X(split) \
    X(stack) \
    X(stage) \
    X(stage_map) \
    X(string) \
    X(sum) \
    X(summary) \
    X(summary_media) \
    X(table) \
    X(table_file) \
    X(temporary) \
    X(tensor_array) \
    X(tensor_array_many) \
    X(tensor_list) \
    X(tensor_list_many) \
    X(text) \
    X(topk) \
    X(tridiagonal) \
    X(unary) \
    X(unary_grad) \
    X(unicode) \
    X(unique) \
    X(variable) \
    X(watch)

#define X(family) extern const struct op ops_##family[];
FAMILIES(X)
#undef X

static const struct { const char *name; const struct op *rows; } families[] = {
#define X(family) { #family, ops_##family },
    FAMILIES(X)
#undef X
};

enum { N_FAMILIES = sizeof families / sizeof *families };

const char *ops_family(int i, const struct op **rows)
{
    *rows = i < N_FAMILIES ? families[i].rows : NULL;
    return i < N_FAMILIES ? families[i].name : NULL;
}

static struct status *outcome;

static void register_families(void)
{
    for (int i = 0; i < N_FAMILIES && !outcome; i++)
        outcome = ops_register(families[i].rows);
}

struct status *ops_init(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, register_families);
    return status_copy(outcome);
}
