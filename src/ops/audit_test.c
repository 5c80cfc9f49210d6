/* audit_test.c - walks the registry, so that nobody has to remember what an op needs.
 *
 * Every op has a shape function, a gradient entry, a sentence of documentation, a kernel for each
 * dtype that it allows, and cases of each kind; and its signature is the one that TensorFlow's
 * registry recorded. What may differ stands in the lists below, with the reason.
 *
 *     ops-audit-test [PART OF AN OP'S NAME]...
 */
#include "graph/graph.h"
#include "graph/proto.h"
#include "base/str.h"
#include "ops/ops.h"
#include "test/cases.h"
#include "test/file.h"
#include "test/kernels.h"

#include <fnmatch.h>
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

enum { VALUE = 1, SHAPE_CASE = 2, ERROR = 4, GRAD = 8 };

/* ---- what may be otherwise ---- */

/* Kinds of cases that an op cannot have. Names are patterns. */
#define F_DATASET "it takes a function: dataset_test.c"
static const struct { const char *op; int kinds; const char *why; } no_cases[] = {
    { "Placeholder", VALUE, "it has none of its own" },
    { "PlaceholderV2", VALUE, "it has none of its own" },
    { "PyFunc", VALUE, "a function of the embedding program gives it" },
    { "PyFuncStateless", VALUE, "a function of the embedding program gives it" },
    { "Switch", VALUE | GRAD, "one of its outputs is dead: flow_test.c" },
    { "RefSwitch", VALUE | GRAD, "one of its outputs is dead: flow_test.c" },
    { "Enter", VALUE | GRAD, "a loop takes several ops: plan/loop_test.c" },
    { "Exit", VALUE | GRAD, "a loop takes several ops: plan/loop_test.c" },
    { "NextIteration", VALUE | GRAD, "a loop takes several ops: plan/loop_test.c" },
    { "RefEnter", VALUE | GRAD, "a loop takes several ops: stack_test.c" },
    { "RefExit", VALUE | GRAD, "a loop takes several ops: stack_test.c" },
    { "RefNextIteration", VALUE | GRAD, "a loop takes several ops: stack_test.c" },
    { "ControlTrigger", SHAPE_CASE | ERROR, "it has neither inputs nor outputs" },
    { "StackPushV2", VALUE, "it takes a stack: stack_test.c" },
    { "StackPopV2", VALUE, "it takes a stack: stack_test.c" },
    { "StackCloseV2", VALUE, "it takes a stack: stack_test.c" },
    { "LoopCond", VALUE, "a loop takes several ops: plan/loop_test.c" },
    { "InitializeTableFromTextFile*", VALUE, "table_test.c: a case has no file" },
    { "Queue*", VALUE, "queue_test.c: a case has no queue" },
    { "FakeQueue", VALUE, "reader_test.c: a case has no queue" },
    { "RecordInput", VALUE, "python/test/input_test.py: a case has no files" },
    { "Reader*", VALUE, "reader_test.c: a case has no files" },
    { "*Accumulator[ATSN]*", VALUE, "python/test/accumulators_test.py: it takes two steps" },
    { "Barrier?*", VALUE, "python/test/barrier_test.py: it takes several steps" },
    { "*Unstage*", VALUE, "python/test/staging_test.py: it takes two steps" },
    { "*Peek", VALUE, "python/test/staging_test.py: it takes two steps" },
    { "GetSessionTensor", VALUE, "session_ops_test.py: it takes two runs" },
    { "DeleteSessionTensor", VALUE, "session_ops_test.py: it takes two runs" },
    { "DestroyTemporaryVariable", VALUE, "variable_updates_test.py: a case has one op" },
    { "*PartitionedCall", VALUE | GRAD, "a case has no functions: functional_test.c" },
    { "RemoteCall", VALUE, "a case has no functions: functional_test.c" },
    { "SymbolicGradient", VALUE, "a case has no functions: functional_test.c" },
    { "*If", VALUE | GRAD, "a case has no functions: functional_test.c" },
    { "*Case", VALUE | GRAD, "a case has no functions: functional_test.c" },
    { "*While", VALUE | GRAD, "a case has no functions: functional_test.c" },
    { "For", VALUE | GRAD, "a case has no functions: functional_test.c" },
    { "TensorArrayGradV3", VALUE, "an array takes several ops: tensor_array_test.c" },
    { "TensorArrayGradWithShape", VALUE, "an array takes several ops: tensor_array_test.c" },
    { "TensorArray[!VG]*V3", VALUE | GRAD, "an array takes several ops: tensor_array_test.c" },
    { "TensorArrayGatherV3", VALUE | GRAD, "an array takes several ops: tensor_array_test.c" },
    { "EmptyTensorList", VALUE, "a list takes several ops: tensor_list_test.c" },
    { "TensorList*", VALUE | GRAD, "a list takes several ops: tensor_list_test.c" },
    { "MutexLock", VALUE, "critical_section_test.py: a case has one op" },
    { "ConsumeMutexLock", VALUE, "critical_section_test.py: a case has one op" },
    { "Timestamp", ERROR, "it has no inputs" },
    { "Fact", ERROR, "it has no inputs" },
    { "Abort", VALUE, "it has no outputs, it fails" },
    { "PreventGradient", GRAD, "its gradient is an error" },
    { "MatrixSolveLs", GRAD, "it needs a matrix of known shape: python/test/linalg_test.py" },
    { "NextAfter", GRAD, "a number's neighbour is too near for finite differences" },
    { "RandomGamma", GRAD, "its numbers are drawn anew: python/test/random_test.py" },
    { "FakeQuantWithMinMaxArgs", GRAD, "steps have no slope: its gradient looks past them" },
    { "FakeQuantWithMinMaxVars", GRAD, "steps have no slope: its gradient looks past them" },
    { "FakeQuantWithMinMaxVarsPerChannel", GRAD, "steps have no slope: it looks past them" },
    { "QuantizeAndDequantize*", GRAD, "steps have no slope: its gradient looks past them" },
    { "SparseDenseCwiseAdd", GRAD, "its gradient is an error" },
    { "SparseSparseM*", GRAD, "its gradient is an error" },
    { "TakeManySparseFromTensorsMap", VALUE, "sparse_map_test.c: a case has no map" },
    { "MapDataset", VALUE | ERROR, F_DATASET }, { "ExperimentalMap*", VALUE | ERROR, F_DATASET },
    { "Map*Dataset*", VALUE | ERROR, F_DATASET }, { "*Filter*Dataset", VALUE | ERROR, F_DATASET },
    { "*FlatMapDataset", VALUE | ERROR, F_DATASET }, { "*Scan*set", VALUE | ERROR, F_DATASET },
    { "*Interleave*set*", VALUE | ERROR, F_DATASET }, { "*GroupBy*", VALUE | ERROR, F_DATASET },
    { "*TakeWhile*set", VALUE | ERROR, F_DATASET }, { "Reduce*set", VALUE | ERROR, F_DATASET },
    { "Parallel*Dataset*", VALUE | ERROR, F_DATASET },
    { "GeneratorDataset", VALUE | ERROR, F_DATASET },
    { "Iter*Next*", VALUE, "it takes an iterator: dataset_test.c" },
    { "Iter*StringHandle*", VALUE, "it takes an iterator: dataset_test.c" },
    { "MakeIterator", VALUE, "it takes an iterator: dataset_test.c" },
    { "DeleteIterator", VALUE, "it takes an iterator: dataset_test.c" },
    { "OneShotIterator", VALUE, "it takes a function: dataset_test.c" },
    { "Optional[HG]*", VALUE, "it takes an optional: dataset_test.c" },
    { "Optional[FN]*", ERROR, "nothing can be wrong" },
    { "ZipDataset", ERROR, "nothing can be wrong" },
    { "*DatasetCardinality", ERROR, "nothing can be wrong" },
    { "*StatsDataset", ERROR, "it gives what it is given" },
    { "*IgnoreErrorsDataset", ERROR, "it gives what it is given" },
    { "*AssertNextDataset", ERROR, "it gives what it is given" },
    { "*MaxIntra*Dataset", ERROR, "it gives what it is given" },
    { "*PrivateThreadPool*", ERROR, "it gives what it is given" },
    { "*NonSerializable*", ERROR, "it gives what it is given" },
    { "OptimizeDataset", ERROR, "it gives what it is given" },
    { "ModelDataset", ERROR, "it gives what it is given" },
    { "*DatasetToTFRecord", VALUE, "it has no outputs: dataset_test.c" },
    { "MaxPool3DGradGrad", GRAD, "it knows double, its gradient does not" },
};

/* Dtypes that a signature allows and TensorFlow has no CPU kernel for. Names are patterns. */
#define QUANTIZED (DTYPE_BIT(DT_QINT8) | DTYPE_BIT(DT_QUINT8) | DTYPE_BIT(DT_QINT32) | \
                   DTYPE_BIT(DT_QINT16) | DTYPE_BIT(DT_QUINT16))
#define ALL_DTYPES (DTYPE_BIT(DT_COUNT) - 2)
#define FLOATING (DTYPE_BIT(DT_HALF) | DTYPE_BIT(DT_BFLOAT16) | DTYPE_BIT(DT_FLOAT) | \
                  DTYPE_BIT(DT_DOUBLE))
#define COMPLEX (DTYPE_BIT(DT_COMPLEX64) | DTYPE_BIT(DT_COMPLEX128))
#define TEXT_BOOL_COMPLEX (DTYPE_BIT(DT_STRING) | DTYPE_BIT(DT_BOOL) | COMPLEX)
#define BYTES_AND_SUMS "TensorFlow's are of bytes (quint8) and of 32-bit sums (qint32)"
#define NO_STEPS "TensorFlow adds and compares quantized numbers by ops of their own alone"
static const struct { const char *op, *attr; unsigned dtypes; const char *why; } no_kernel[] = {
    { "QuantizeAndDequantize*", "T", FLOATING, "TensorFlow has those of float and double" },
    { "QuantizedConcat", "T", ~(DTYPE_BIT(DT_QUINT8) | DTYPE_BIT(DT_QINT32)), BYTES_AND_SUMS },
    { "Quantized*Pool", "T", ~DTYPE_BIT(DT_QUINT8), BYTES_AND_SUMS },
    { "QuantizedInstanceNorm", "T", ~DTYPE_BIT(DT_QUINT8), BYTES_AND_SUMS },
    { "QuantizeDownAndShrinkRange", "*", QUANTIZED, BYTES_AND_SUMS },
    { "Requantiz*", "*", QUANTIZED, BYTES_AND_SUMS },
    { "MaxPool*", "T", DTYPE_BIT(DT_QINT8), "TensorFlow has it for GPUs" },
    { "M[ai][xn]", "T", QUANTIZED, NO_STEPS },
    { "ArgM[ai][xn]", "T", QUANTIZED, NO_STEPS },
    { "Sum", "T", QUANTIZED, NO_STEPS },
    { "Mean", "T", QUANTIZED, NO_STEPS },
    { "Prod", "T", QUANTIZED, NO_STEPS },
    { "Cum*", "T", QUANTIZED, NO_STEPS },
    { "Sparse*", "T", QUANTIZED, NO_STEPS },
    { "MirrorPadGrad", "T", QUANTIZED, NO_STEPS },
    { "ResourceScatterNd[AS]*", "T", QUANTIZED, NO_STEPS },
    { "Assign*VariableOp", "dtype", QUANTIZED, NO_STEPS },
    { "*Apply*", "T", ~FLOATING, "training is done in floating types" },
    { "M[ai][xn]", "T", COMPLEX, "complex numbers have no order" },
    { "ArgM[ai][xn]", "T", COMPLEX, "complex numbers have no order" },
    { "*ScatterM[ai][xn]", "*", COMPLEX, "complex numbers have no order" },
    { "*ScatterNd[AS]*", "*", DTYPE_BIT(DT_STRING) | DTYPE_BIT(DT_BOOL), "they do not add" },
    { "TileGrad", "T", DTYPE_BIT(DT_STRING) | DTYPE_BIT(DT_BOOL), "they do not add" },
    { "ImmutableConst", "dtype", DTYPE_BIT(DT_STRING), "TensorFlow refuses it" },
    { "*erBound", "T", TEXT_BOOL_COMPLEX | QUANTIZED, "TensorFlow sorts real numbers" },
    { "DebugN*", "T", DTYPE_BIT(DT_STRING) | COMPLEX, "they are not summed up" },
    { "SparseSparseMinimum", "T", COMPLEX, "complex numbers have no order" },
    { "Adjust[CHS]*", "T", DTYPE_BIT(DT_HALF), "TensorFlow has it on the GPU alone" },
    { "Sparse*", "T", DTYPE_BIT(DT_STRING) | DTYPE_BIT(DT_BOOL), "they do not add" },
    { "MirrorPadGrad", "T", DTYPE_BIT(DT_STRING) | DTYPE_BIT(DT_BOOL), "they do not add" },
    { "BatchNormWithGlobal*", "T", ~FLOATING, "training is done in floating types" },
    { "Assign*VariableOp", "dtype", DTYPE_BIT(DT_STRING) | DTYPE_BIT(DT_BOOL), "they do not add" },
};

/* Where our signature is not the one of 1.12: the attribute, types it allows, or the input are
 * newer. No attr: the op is. */
static const struct { const char *op, *attr, *why; } newer[] = {
    { "ResizeBilinear", "half_pixel_centers", "1.14" },
    { "ResizeNearestNeighbor", "half_pixel_centers", "1.14" },
    { "ResizeBicubic", "half_pixel_centers", "1.14" },
    { "ResizeBilinearGrad", "half_pixel_centers", "1.14" },
    { "ResizeNearestNeighborGrad", "half_pixel_centers", "1.14" },
    { "ResizeBicubicGrad", "half_pixel_centers", "1.14" },
    { "GatherV2", "batch_dims", "1.14" },
    { "BatchMatMulV2", NULL, "1.14" },
    { "ResourceConditionalAccumulator", NULL, "1.14" },
    { "ResourceAccumulatorApplyGradient", NULL, "1.14" },
    { "ResourceAccumulatorTakeGradient", NULL, "1.14" },
    { "ResourceAccumulatorSetGlobalStep", NULL, "1.14" },
    { "ResourceAccumulatorNumAccumulated", NULL, "1.14" },
    { "StatelessRandomUniformInt", NULL, "1.14" },
    { "ResourceScatterNdSub", NULL, "1.14" },
    { "ResourceApplyKerasMomentum", NULL, "1.14" },
    { "ResourceSparseApplyKerasMomentum", NULL, "1.14" },
    { "PrintV2", "end", "1.14" },
    { "DisableCopyOnRead", NULL, "2.x" },
    { "NearestNeighbors", NULL, "of contrib" },
    { "ExtractGlimpse", "noise", "1.14" },
    { "AdjustContrastv2", "T", "1.13" },
    { "AdjustHue", "T", "1.13" },
    { "AdjustSaturation", "T", "1.13" },
    { "DivNoNan", "T", "1.15: half and complex" },
    { "NextAfter", NULL, "1.13" },
    { "Lu", NULL, "1.14" },
    { "TridiagonalSolve", NULL, "1.15" },
    { "TridiagonalMatMul", NULL, "1.15" },
    { "MatrixSquareRoot", NULL, "1.13" },
    { "EmptyTensorList", "max_num_elements", "1.13" },
    { "TensorListPopBack", "element_shape", "1.14" },
    { "TensorListGetItem", "element_shape", "1.14" },
    { "TensorListStack", "element_shape", "1.14" },
    { "TensorListGather", "element_shape", "1.14" },
    { "TensorListSetItem", "resize_if_index_out_of_bounds", "2.11" },
    { "TensorListResize", NULL, "1.14" },
    { "TensorListConcat", NULL, "1.13" },
    { "TensorListConcatV2", NULL, "1.15" },
    { "TensorListScatterV2", NULL, "1.15" },
    { "TensorListScatterIntoExistingList", NULL, "1.15" },
    { "TensorListSplit", NULL, "1.13" },
    { "LSTMBlockCell", NULL, "of contrib" },
    { "LSTMBlockCellGrad", NULL, "of contrib" },
    { "BlockLSTM", NULL, "of contrib" },
    { "BlockLSTMGrad", NULL, "of contrib" },
    { "GRUBlockCell", NULL, "of contrib" },
    { "GRUBlockCellGrad", NULL, "of contrib" },
    { "GatherTree", NULL, "of contrib" },
    { "BlockLSTMV2", NULL, "1.15" },
    { "CombinedNonMaxSuppression", NULL, "1.13; clip_boxes: 1.15" },
    { "BlockLSTMGradV2", NULL, "1.15" },
    { "MatMul", "T", "1.13: int64" },
    { "BatchMatMul", "T", "1.13: int64" },
    { "EuclideanNorm", NULL, "1.15" },
    { "LookupTableRemoveV2", NULL, "1.14" },
    { "MutableDenseHashTable", "deleted_key", "1.14" },
    { "MutableDenseHashTableV2", "deleted_key", "1.14" },
    { "EncodeJpegVariableQuality", NULL, "1.14" },
    { "ParseExampleV2", NULL, "2.0, in SavedModels made by it" },
    { "Substr", "unit", "1.13" },
    { "StringNGrams", NULL, "1.15" },
    { "DecodePaddedRaw", NULL, "1.15" },
    { "UnsortedSegmentJoin", NULL, "1.15" },
    { "StringLower", NULL, "1.15" },
    { "StringUpper", NULL, "1.15" },
    { "NonMaxSuppressionV2", "T_threshold", "2.0" },
    { "NonMaxSuppressionV3", "T_threshold", "2.0" },
    { "NonMaxSuppressionV4", "T_threshold", "2.0" },
    { "NonMaxSuppressionV5", NULL, "1.15" },
    { "DrawBoundingBoxesV2", NULL, "1.15" },
    { "FusedBatchNormV3", NULL, "1.14" },
    { "FusedBatchNormGradV3", NULL, "1.14" },
    { "ResourceGatherNd", NULL, "1.14" },
    { "TensorScatterUpdate", NULL, "1.13" },
    { "TensorScatterAdd", NULL, "1.13" },
    { "TensorScatterSub", NULL, "1.13" },
    { "SelectV2", NULL, "1.15" },
    { "MulNoNan", NULL, "1.14" },
    { "MatrixDiagV2", NULL, "1.15" },
    { "MatrixDiagPartV2", NULL, "1.15" },
    { "MatrixSetDiagV2", NULL, "1.15" },
    { "MatrixDiagV3", NULL, "2.2" },
    { "MatrixDiagPartV3", NULL, "2.2" },
    { "MatrixSetDiagV3", NULL, "2.2" },
    { "RaggedRange", NULL, "1.13" },
    { "RaggedTensorToSparse", NULL, "1.13" },
    { "RaggedGather", NULL, "1.13" },
    { "Equal", "incompatible_shape_error", "1.15" },
    { "NotEqual", "incompatible_shape_error", "1.15" },
    { "LeakyRelu", NULL, "1.13" },
    { "LeakyReluGrad", NULL, "1.13" },
    { "QuantizeAndDequantizeV2", "round_mode", "1.13" },
    { "QuantizeAndDequantizeV2", "narrow_range", "1.15" },
    { "QuantizeAndDequantizeV3", "narrow_range", "1.15" },
    { "QuantizedResizeBilinear", "half_pixel_centers", "1.14" },
    { "UnicodeDecode", NULL, "1.13" },
    { "UnicodeDecodeWithOffsets", NULL, "1.13" },
    { "UnicodeEncode", NULL, "1.13" },
    { "UnicodeTranscode", NULL, "1.13" },
    { "MaxPoolWithArgmax", "include_batch_in_index", "1.14" },
    { "MaxPoolGradWithArgmax", "include_batch_in_index", "1.14" },
    { "MaxPoolGradGradWithArgmax", "include_batch_in_index", "1.14" },
    { "PartitionedCall", "config", "1.13" },
    { "PartitionedCall", "config_proto", "1.14" },
    { "PartitionedCall", "executor_type", "1.13" },
    { "StatefulPartitionedCall", "config", "1.13" },
    { "StatefulPartitionedCall", "config_proto", "1.14" },
    { "StatefulPartitionedCall", "executor_type", "1.13" },
    { "If", "output_shapes", "1.13" },
    { "StatelessIf", "output_shapes", "1.13" },
    { "While", "output_shapes", "1.13" },
    { "StatelessWhile", "output_shapes", "1.13" },
    { "While", "parallel_iterations", "1.15" },
    { "StatelessWhile", "parallel_iterations", "1.15" },
    { "Case", NULL, "1.15" },
    { "StatelessCase", NULL, "2.1" },
    { "Conv2D", "explicit_paddings", "1.14" },
    { "Conv2D", "padding", "1.14: EXPLICIT" },
    { "Conv2DBackpropInput", "explicit_paddings", "1.14" },
    { "Conv2DBackpropInput", "padding", "1.14: EXPLICIT" },
    { "Conv2DBackpropFilter", "explicit_paddings", "1.14" },
    { "Conv2DBackpropFilter", "padding", "1.14: EXPLICIT" },
    { "ExperimentalDenseToSparseBatchDataset", NULL, "1.13" },
    { "ExperimentalUnbatchDataset", NULL, "1.13" },
    { "ExperimentalMatchingFilesDataset", NULL, "1.13" },
    { "ExperimentalParallelInterleaveDataset", NULL, "1.13" },
    { "ExperimentalGroupByWindowDataset", NULL, "1.13" },
    { "ExperimentalGroupByReducerDataset", NULL, "1.13" },
    { "ExperimentalMapDataset", NULL, "1.13" },
    { "ExperimentalTakeWhileDataset", NULL, "1.13" },
    { "ExperimentalScanDataset", NULL, "1.13" },
    { "ExperimentalMapAndBatchDataset", NULL, "1.13" },
    { "ExperimentalBytesProducedStatsDataset", NULL, "1.13" },
    { "ExperimentalLatencyStatsDataset", NULL, "1.13" },
    { "ExperimentalMaxIntraOpParallelismDataset", NULL, "1.13" },
    { "ExperimentalPrivateThreadPoolDataset", NULL, "1.13" },
    { "ExperimentalNonSerializableDataset", NULL, "1.13" },
    { "ExperimentalDatasetToTFRecord", NULL, "1.13" },
    { "ExperimentalDatasetCardinality", NULL, "1.13" },
    { "ExperimentalRandomDataset", NULL, "1.13" },
    { "MatchingFilesDataset", NULL, "1.15" },
    { "TakeWhileDataset", NULL, "1.15" },
    { "DirectedInterleaveDataset", NULL, "1.15" },
    { "IgnoreErrorsDataset", NULL, "1.15" },
    { "AssertNextDataset", NULL, "1.15" },
    { "MaxIntraOpParallelismDataset", NULL, "1.15" },
    { "PrivateThreadPoolDataset", NULL, "1.15" },
    { "NonSerializableDataset", NULL, "1.15" },
    { "DatasetCardinality", NULL, "1.15" },
    { "FixedLengthRecordDatasetV2", NULL, "1.13" },
    { "ShardDataset", NULL, "1.13" },
    { "AnonymousIteratorV2", NULL, "1.14" },
    { "DeleteIterator", NULL, "1.14" },
    { "BatchDatasetV2", "parallel_copy", "1.15" },
    { "PaddedBatchDatasetV2", "parallel_copy", "1.15" },
    { "ParallelInterleaveDatasetV2", "sloppy", "1.14" },
    { "MapDataset", "preserve_cardinality", "1.13" },
    { "ScanDataset", "preserve_cardinality", "1.15" },
    { "ParallelMapDataset", "sloppy", "1.14" },
    { "ParallelMapDataset", "preserve_cardinality", "1.13" },
    { "MapAndBatchDataset", "preserve_cardinality", "1.13" },
    { "MapAndBatchDatasetV2", "preserve_cardinality", "1.13" },
    { "OptimizeDataset", "optimization_configs", "1.15" },
    { "ModelDataset", "cpu_budget", "1.15" },
    { "UniqueDataset", NULL, "1.15" },
    { "SamplingDataset", NULL, "1.15" },
    { "SleepDataset", NULL, "1.15" },
    { "ExperimentalSleepDataset", NULL, "1.13" },
    { "AutoShardDataset", NULL, "1.15" },
    { "CSVDataset", NULL, "1.15" },
    { "ExperimentalAutoShardDataset", NULL, "1.14" },
    { "SlidingWindowDataset", NULL, "1.15" },
    { "ExperimentalSlidingWindowDataset", NULL, "1.13" },
    { "ModelDataset", "algorithm", "2.0" },
    { "PrefetchDataset", "slack_period", "1.14" },
    { "PrefetchDataset", "legacy_autotune", "2.0" },
};

/* ---- telling ---- */

static struct str report;
static int n_findings, n_wanted;
static char **wanted;

__attribute__((format(printf, 2, 3)))
static void finding(const struct op *op, const char *fmt, ...)
{
    char text[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    str_printf(&report, "%s: %s\n", op->name, text);
    n_findings++;
}

static void conclude(const char *what)
{
    fputs(str_text(&report), stdout);
    printf("%s: %d ops, %d findings\n", what, ops_count(), n_findings);
    fflush(stdout);
    int n = n_findings;
    n_findings = 0;
    str_free(&report);
    assert_int_equal(n, 0);
}

static bool is_wanted(const struct op *op)
{
    for (int i = 0; i < n_wanted; i++)
        if (strcasestr(op->name, wanted[i]))
            return true;
    return !n_wanted;
}

/* Calls fn for every op that is wanted. */
static void each_op(void (*fn)(const struct op *op))
{
    for (int i = 0; i < ops_count(); i++)
        if (is_wanted(op_at(i)))
            fn(op_at(i));
}

/* ---- rows ---- */

static void check_row(const struct op *op)
{
    size_t n = op->doc ? strlen(op->doc) : 0;
    if (!op->shape)
        finding(op, "no shape function");
    if (!op->grad)
        finding(op, "neither a gradient nor NOT_DIFFERENTIABLE nor NO_GRADIENT");
    if (!n || op->doc[n - 1] != '.')
        finding(op, "no sentence of documentation");
    if (!op->kernel && !op->kernel_any && !op->prepare)
        finding(op, "no kernel");
}

static void audit_rows(void **state)
{
    (void)state;
    each_op(check_row);
    conclude("rows");
}

/* ---- a kernel for each dtype ---- */

static bool kernel_excused(const struct op *op, const char *attr, int dtype)
{
    const struct attr_def *d = &op_sig(op)->attr[sig_attr(op_sig(op), attr)];
    if (d->allowed == ~0u && (dtype == DT_RESOURCE || dtype == DT_VARIANT))
        return true;                /* "type" allows what few kernels can mean */
    for (size_t i = 0; i < sizeof no_kernel / sizeof *no_kernel; i++)
        if (!fnmatch(no_kernel[i].op, op->name, 0) && !fnmatch(no_kernel[i].attr, attr, 0) &&
            no_kernel[i].dtypes & DTYPE_BIT(dtype))
            return true;
    return false;
}

/* One finding for all the dtypes of an attribute. */
static void tell_missing(const struct op *op, const char *attr, unsigned missing)
{
    struct str list = { 0 };
    for (int t = 1; t < DT_COUNT; t++)
        if (missing & DTYPE_BIT(t))
            str_printf(&list, " %s", dtype_name((enum dtype)t));
    if (missing)
        finding(op, "no kernel for %s =%s", attr, str_text(&list));
    str_free(&list);
}

static void check_kernels(const struct op *op)
{
    const struct sig *s = op_sig(op);
    const char *by = op->by ? op->by : "T";
    if (op->kernel && sig_attr(s, by) < 0)
        finding(op, "kernels are chosen by attribute '%s', which it has not", by);
    for (int i = 0; i < s->n_attr; i++) {
        if (s->attr[i].kind != ATTR_TYPE)
            continue;
        unsigned missing = s->attr[i].allowed & ~kernel_dtypes(op, i) & ALL_DTYPES;
        for (int t = 1; t < DT_COUNT; t++)
            if (missing & DTYPE_BIT(t) && kernel_excused(op, s->attr[i].name, t))
                missing &= ~DTYPE_BIT(t);
        tell_missing(op, s->attr[i].name, missing);
    }
}

static void audit_kernels(void **state)
{
    (void)state;
    each_op(check_kernels);
    conclude("kernels");
}

/* ---- cases of each kind ---- */

static int *kinds_of;           /* by place in the registry */

static void note_case(void *ctx, const struct op_case *c, const char *broken)
{
    static const int kind[] = { [CASE_VALUE] = VALUE, [CASE_ERROR] = ERROR,
                                [CASE_SHAPE] = SHAPE_CASE, [CASE_SHAPE_ERROR] = ERROR,
                                [CASE_GRAD] = GRAD, [CASE_GRAD_ERROR] = ERROR };
    (void)ctx;
    for (int i = 0; i < ops_count() && !broken; i++)
        if (!strcmp(op_at(i)->name, c->op))
            kinds_of[i] |= kind[c->kind];
}

static int kinds_wanted(const struct op *op)
{
    int want = VALUE | SHAPE_CASE | ERROR;
    if (op->grad && op->grad != NOT_DIFFERENTIABLE && op->grad != NO_GRADIENT)
        want |= GRAD;
    for (size_t i = 0; i < sizeof no_cases / sizeof *no_cases; i++)
        if (!fnmatch(no_cases[i].op, op->name, 0))
            want &= ~no_cases[i].kinds;
    return want;
}

static void audit_cases(void **state)
{
    static const char *const name[] = { "value", "shape", "error", "grad" };
    glob_t found = { 0 };
    (void)state;
    kinds_of = calloc((size_t)ops_count(), sizeof *kinds_of);
    glob("src/ops/*.cases", 0, NULL, &found);
    for (size_t i = 0; i < found.gl_pathc; i++)
        cases_read(found.gl_pathv[i], 1, note_case, NULL);
    globfree(&found);
    for (int i = 0; i < ops_count(); i++) {
        int missing = kinds_wanted(op_at(i)) & ~kinds_of[i];
        struct str list = { 0 };
        for (int k = 0; k < 4; k++)
            if (missing >> k & 1)
                str_printf(&list, "%s%s", list.n ? ", " : "", name[k]);
        if (missing && is_wanted(op_at(i)))
            finding(op_at(i), "no case of kind %s", str_text(&list));
        str_free(&list);
    }
    free(kinds_of);
    conclude("cases");
}

/* ---- agreement with TensorFlow's registry ---- */

static bool is_newer(const struct op *op, const char *attr)
{
    for (size_t i = 0; i < sizeof newer / sizeof *newer; i++)
        if (!strcmp(newer[i].op, op->name) &&
            (attr ? newer[i].attr && !strcmp(newer[i].attr, attr) : !newer[i].attr))
            return true;
    return false;
}

static const char *attr_name(const struct sig *s, int i) { return i < 0 ? "" : s->attr[i].name; }

static void compare_arg(const struct op *op, const struct arg *a, const Wire__OpDef__ArgDef *m)
{
    const struct sig *s = op_sig(op);
    const char *type = a->list ? "" : attr_name(s, a->type_attr);
    const char *list = a->list ? attr_name(s, a->type_attr) : "";
    if (a->name.n != strlen(m->name) || memcmp(a->name.s, m->name, a->name.n))
        finding(op, "argument '%.*s' should be '%s'", (int)a->name.n, a->name.s, m->name);
    if (a->type_attr >= 0 && !*m->type_attr && is_newer(op, type))
        return;                         /* it had one type then */
    if (strcmp(type, m->type_attr) || strcmp(list, m->type_list_attr) ||
        strcmp(attr_name(s, a->number_attr), m->number_attr) ||
        (a->type_attr < 0 && dtype_base(a->dtype) != (enum dtype)m->type) || a->ref != m->is_ref)
        finding(op, "argument '%s' has another type", m->name);
}

static bool is_newer_arg(const struct op *op, const struct arg *a)
{
    char name[64];
    snprintf(name, sizeof name, "%.*s", (int)a->name.n, a->name.s);
    return is_newer(op, name);
}

static void compare_args(const struct op *op, const struct arg *a, int n, Wire__OpDef__ArgDef **m,
                         size_t n_m, const char *what)
{
    int k = 0;
    for (int i = 0; i < n; i++) {
        if (is_newer_arg(op, &a[i]))
            continue;
        if (k < (int)n_m)
            compare_arg(op, &a[i], m[k]);
        k++;
    }
    if (k != (int)n_m)
        finding(op, "%d %s, should be %zu", k, what, n_m);
}

static unsigned allowed_mask(const Wire__AttrValue *m)
{
    unsigned mask = 0;
    for (size_t i = 0; m && m->list && i < m->list->n_type; i++)
        mask |= DTYPE_BIT(m->list->type[i]);
    return mask ? mask : ~0u;
}

static bool choices_agree(const struct attr_def *d, const Wire__AttrValue *m)
{
    size_t n = m && m->list ? m->list->n_s : 0;
    bool same = (size_t)d->n_choice == n;
    for (size_t i = 0; same && i < n; i++)
        same = d->choice[i].n == m->list->s[i].len &&
               !memcmp(d->choice[i].s, m->list->s[i].data, d->choice[i].n);
    return same;
}

static bool default_agrees(const struct attr_def *d, const Wire__AttrValue *m)
{
    struct arena a = { 0 };
    struct attr want = { .name = d->name };
    bool same = d->has_default == (m != NULL);
    if (same && m) {
        struct status *st = attr_from_proto(&a, m, d->kind, &want);
        struct attr ours = d->fallback;
        same = !st && attr_equal(&ours, &want);
        status_free(st);
        attr_release(&want);
    }
    arena_free(&a);
    return same;
}

static void compare_attr(const struct op *op, const struct attr_def *d,
                         const Wire__OpDef__AttrDef *m)
{
    char type[64];
    snprintf(type, sizeof type, "%s", attr_kind_name(d->kind));
    if (strcmp(type, m->type))
        finding(op, "attribute '%s' is %s, should be %s", d->name, type, m->type);
    if ((d->has_minimum ? d->minimum : 0) != (m->has_minimum ? m->minimum : 0) ||
        (d->has_minimum != m->has_minimum && d->kind < ATTR_LIST))
        finding(op, "attribute '%s' has another minimum", d->name);
    bool types = d->kind == ATTR_TYPE || d->kind == ATTR_LIST + ATTR_TYPE;
    if (types && allowed_mask(m->allowed_values) != d->allowed && !is_newer(op, d->name))
        finding(op, "attribute '%s' allows other types (ours ^ theirs: %#x)", d->name,
                allowed_mask(m->allowed_values) ^ d->allowed);
    if (!choices_agree(d, m->allowed_values) && !is_newer(op, d->name))
        finding(op, "attribute '%s' allows other strings", d->name);
    if (!default_agrees(d, m->default_value))
        finding(op, "attribute '%s' has another default", d->name);
}

static void compare_attrs(const struct op *op, const Wire__OpDef *m)
{
    const struct sig *s = op_sig(op);
    size_t k = 0;
    for (int i = 0; i < s->n_attr; i++) {
        if (k < m->n_attr && !strcmp(s->attr[i].name, m->attr[k]->name))
            compare_attr(op, &s->attr[i], m->attr[k++]);
        else if (!is_newer(op, s->attr[i].name))
            finding(op, "attribute '%s' where '%s' should be", s->attr[i].name,
                    k < m->n_attr ? m->attr[k]->name : "none");
    }
    if (k < m->n_attr)
        finding(op, "attribute '%s' is missing", m->attr[k]->name);
}

static void compare_flags(const struct op *op, const Wire__OpDef *m)
{
    const struct { unsigned flag; int theirs; const char *name; } flags[] = {
        { OP_STATEFUL, m->is_stateful, "stateful" },
        { OP_COMMUTATIVE, m->is_commutative, "commutative" },
        { OP_AGGREGATE, m->is_aggregate, "aggregate" },
        { OP_UNINITIALIZED, m->allows_uninitialized_input, "uninitialized input" },
    };
    for (int i = 0; i < 4; i++)
        if (!(op->flags & flags[i].flag) != !flags[i].theirs)
            finding(op, "the flag '%s' should be %s", flags[i].name,
                    flags[i].theirs ? "set" : "clear");
}

static const Wire__OpList *theirs;

static void compare_op(const struct op *op)
{
    for (size_t i = 0; i < theirs->n_op; i++) {
        const Wire__OpDef *m = theirs->op[i];
        if (strcmp(m->name, op->name))
            continue;
        compare_args(op, op_sig(op)->in, op_sig(op)->n_in, m->input_arg, m->n_input_arg,
                     "inputs");
        compare_args(op, op_sig(op)->out, op_sig(op)->n_out, m->output_arg, m->n_output_arg,
                     "outputs");
        compare_attrs(op, m);
        compare_flags(op, m);
        return;
    }
    if (!is_newer(op, NULL))
        finding(op, "TensorFlow has no such op");
}

static void audit_signatures(void **state)
{
    struct arena a = { 0 };
    size_t n;
    char *bytes = file_read("../shared/recorded/oplist.pb", &n);
    (void)state;
    if (!bytes) {
        printf("../shared/recorded/oplist.pb is not here: skipped\n");
        skip();
    }
    struct status *st = wire_decode(&a, &wire__op_list__descriptor, bytes, n, &theirs);
    if (st)
        fail_msg("%s", status_message(st));
    each_op(compare_op);
    arena_free(&a);
    free(bytes);
    conclude("signatures");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(audit_rows),
        cmocka_unit_test(audit_kernels),
        cmocka_unit_test(audit_cases),
        cmocka_unit_test(audit_signatures),
    };
    wanted = argv + 1;
    n_wanted = argc - 1;
    struct status *st = ops_init();
    if (st) {
        printf("%s\n", status_message(st));
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
