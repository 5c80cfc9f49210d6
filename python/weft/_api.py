"""The public names: which module each comes from.

API = {namespace: {module: names}}. A namespace is what stands between "tf." and the name ("" for
tf itself); a module is a path below this package; names are separated by spaces, and one that is
called otherwise in its module is written public=internal. Nothing is imported before it is used.
"""

_DTYPES = """
    DType QUANTIZED_DTYPES as_dtype bfloat16 bool complex128 complex64 double float16 float32
    float64 half int16 int32 int64 int8 qint16 qint32 qint8 quint16 quint8 resource string uint16
    uint32 uint64 uint8 variant"""

_LOGGING = """
    DEBUG ERROR FATAL INFO TaskLevelStatusMessage WARN debug error fatal flush get_verbosity info
    log log_every_n log_first_n log_if set_verbosity vlog warn warning"""

_ASSERTS = """
    assert_equal assert_greater assert_greater_equal assert_integer assert_less assert_less_equal
    assert_near assert_negative assert_non_negative assert_non_positive assert_none_equal
    assert_positive assert_proper_iterable assert_rank assert_rank_at_least assert_rank_in
    assert_same_float_dtype assert_scalar assert_type is_non_decreasing is_numeric_tensor
    is_strictly_increasing"""

API = {"": {
    "python.framework.dtypes": _DTYPES,
    "python.framework.tensor_shape": """
        Dimension TensorShape dimension_at_index dimension_value disable_v2_tensorshape
        enable_v2_tensorshape""",
    "python.framework.device_spec": "DeviceSpec",
    "python.framework.messages": """
        AttrValue ConfigProto Event GPUOptions GraphDef GraphOptions HistogramProto LogMessage
        MetaGraphDef NameAttrList NodeDef OptimizerOptions RunMetadata RunOptions SessionLog
        Summary SummaryMetadata TensorInfo""",
    "python.framework.errors": "OpError",
    "python.framework.sparse_tensor": """
        SparseTensor SparseTensorSpec SparseTensorValue convert_to_tensor_or_sparse_tensor""",
    "python.framework.tensor_spec": "TensorSpec",
    "python.framework.type_spec": "TypeSpec type_spec_from_value",
    "python.framework.ops": """
        Graph GraphKeys IndexedSlices NoGradient NotDifferentiable Operation RegisterGradient
        Tensor add_to_collection add_to_collections colocate_with container control_dependencies
        convert_to_tensor convert_to_tensor_or_indexed_slices device get_collection
        get_collection_ref get_default_graph get_default_session init_scope name_scope
        no_gradient=NotDifferentiable op_scope register_tensor_conversion_function
        reset_default_graph""",
    "python.framework.constant_op": "constant",
    "python.framework.importer": "import_graph_def",
    "python.framework.load_library": "load_library load_op_library",
    "python.eager.def_function": "function",
    "python.framework.tensor_util": """
        get_static_value=constant_value is_tensor make_ndarray=MakeNdarray make_tensor_proto""",
    "python.framework.random_seed": "get_seed set_random_seed",
    "python.framework.v2_behavior": """
        control_flow_v2_enabled disable_control_flow_v2 disable_eager_execution
        disable_tensor_equality disable_v2_behavior enable_eager_execution enable_v2_behavior
        executing_eagerly""",
    "python.framework.versions": """
        COMPILER_VERSION CXX11_ABI_FLAG GIT_VERSION GRAPH_DEF_VERSION
        GRAPH_DEF_VERSION_MIN_CONSUMER GRAPH_DEF_VERSION_MIN_PRODUCER MONOLITHIC_BUILD VERSION
        __compiler_version__=COMPILER_VERSION __git_version__=GIT_VERSION version""",
    "python.client.session": "InteractiveSession Session",
    "python.platform.tf_logging": "get_logger",
    "python.ops.tensor_array_ops": "TensorArray",
    "python.ops.map_fn": "map_fn",
    "python.ops.critical_section_ops": "CriticalSection",
    "python.ops.folds": "foldl foldr scan",
    "python.ops.array_ops": """
        batch_gather batch_to_space batch_to_space_nd bitcast boolean_mask
        broadcast_dynamic_shape broadcast_static_shape broadcast_to check_numerics concat
        depth_to_space dequantize diag diag_part edit_distance ensure_shape expand_dims
        extract_image_patches extract_volume_patches fake_quant_with_min_max_args
        fake_quant_with_min_max_args_gradient fake_quant_with_min_max_vars
        fake_quant_with_min_max_vars_gradient fake_quant_with_min_max_vars_per_channel
        fake_quant_with_min_max_vars_per_channel_gradient fill gather gather_nd guarantee_const
        identity identity_n invert_permutation matrix_band_part matrix_diag matrix_diag_part
        matrix_set_diag matrix_transpose meshgrid newaxis one_hot ones ones_like pad
        parallel_stack placeholder placeholder_with_default quantize quantize_v2
        quantized_concat rank required_space_to_batch_paddings reshape reverse reverse_sequence
        reverse_v2 scatter_nd searchsorted sequence_mask setdiff1d shape shape_n size slice
        space_to_batch space_to_batch_nd space_to_depth sparse_mask sparse_placeholder split
        squeeze stack stop_gradient strided_slice tensor_scatter_add=tensor_scatter_nd_add
        tensor_scatter_nd_add tensor_scatter_nd_sub tensor_scatter_nd_update
        tensor_scatter_sub=tensor_scatter_nd_sub tensor_scatter_update=tensor_scatter_nd_update
        tile transpose unique unique_with_counts unravel_index unstack where where_v2 zeros
        zeros_like""",
    "python.ops.sort_ops": "argsort sort",
    "python.ops.manip_ops": "roll",
    "python.ops.math_ops": """
        abs accumulate_n acos acosh add add_n angle arg_max arg_min argmax argmin asin asinh
        atan atan2 atanh betainc bincount cast ceil complex complex_abs=abs conj cos cosh
        count_nonzero cross cumprod cumsum digamma div div_no_nan divide equal erf erfc exp
        expm1 floor floor_div floordiv floormod greater greater_equal igamma igammac imag
        is_finite is_inf is_nan less less_equal lgamma lin_space linspace log log1p log_sigmoid
        logical_and logical_not logical_or logical_xor matmul maximum minimum mod multiply
        negative not_equal polygamma pow range real realdiv reciprocal reduce_all reduce_any
        reduce_logsumexp reduce_max reduce_mean reduce_min reduce_prod reduce_sum rint round
        rsqrt saturate_cast scalar_mul segment_max segment_mean segment_min segment_prod
        segment_sum sigmoid sign sin sinh sparse_matmul sparse_segment_mean
        sparse_segment_sqrt_n sparse_segment_sum sqrt square squared_difference subtract tan
        tanh tensordot to_bfloat16 to_complex128 to_complex64 to_double to_float to_int32
        to_int64 trace truediv truncatediv truncatemod unsorted_segment_max
        unsorted_segment_mean unsorted_segment_min unsorted_segment_prod unsorted_segment_sqrt_n
        unsorted_segment_sum zeta""",
    "python.ops.special_math_ops": "einsum lbeta",
    "python.ops.histogram_ops": "histogram_fixed_width histogram_fixed_width_bins",
    "python.ops.confusion_matrix": "confusion_matrix=confusion_matrix_v1",
    "python.ops.numerics": "add_check_numerics_ops verify_tensor_all_finite",
    "python.ops.linalg_ops": """
        cholesky cholesky_solve eye matrix_determinant matrix_inverse matrix_solve
        matrix_solve_ls matrix_square_root matrix_triangular_solve norm qr self_adjoint_eig
        self_adjoint_eigvals svd""",
    "python.ops.signal.fft_ops": "fft fft2d fft3d ifft ifft2d ifft3d",
    "python.ops.clip_ops": """
        clip_by_average_norm clip_by_global_norm clip_by_norm clip_by_value global_norm""",
    "python.ops.check_ops": _ASSERTS,
    "python.ops.control_flow_ops": """
        Assert case cond group no_op switch_case tuple while_loop""",
    "python.ops.lookup_ops": "initialize_all_tables tables_initializer",
    "python.ops.io_ops": """
        FixedLengthRecordReader IdentityReader ReaderBase TFRecordReader TextLineReader
        WholeFileReader matching_files read_file write_file""",
    "python.ops.parsing_ops": """
        FixedLenFeature FixedLenSequenceFeature SparseFeature VarLenFeature decode_compressed
        decode_csv decode_json_example decode_raw=decode_raw_v1 parse_example
        parse_single_example parse_single_sequence_example parse_tensor serialize_tensor""",
    "python.ops.logging_ops": "Print print=print_v2 timestamp",
    "python.ops.script_ops": "numpy_function py_func py_function",
    "python.ops.gradients": "AggregationMethod UnconnectedGradients gradients hessians",
    "python.ops.custom_gradient": "custom_gradient",
    "python.ops.random_ops": """
        multinomial random_crop random_gamma random_normal random_poisson random_shuffle
        random_uniform truncated_normal""",
    "python.ops.init_ops": """
        constant_initializer glorot_normal_initializer glorot_uniform_initializer
        ones_initializer orthogonal_initializer random_normal_initializer
        random_uniform_initializer truncated_normal_initializer uniform_unit_scaling_initializer
        variance_scaling_initializer zeros_initializer""",
    "python.ops.variables": """
        Variable VariableAggregation VariableSynchronization all_variables
        assert_variables_initialized global_variables global_variables_initializer
        initialize_all_variables initialize_local_variables initialize_variables
        is_variable_initialized local_variables local_variables_initializer model_variables
        moving_average_variables report_uninitialized_variables trainable_variables
        variables_initializer""",
    "python.ops.variable_scope": """
        AUTO_REUSE VariableScope disable_resource_variables enable_resource_variables
        get_local_variable get_variable get_variable_scope no_regularizer
        resource_variables_enabled variable_creator_scope variable_op_scope variable_scope""",
    "python.ops.partitioned_variables": """
        create_partitioned_variables fixed_size_partitioner min_max_variable_partitioner
        variable_axis_size_partitioner""",
    "python.ops.template": "make_template",
    "python.ops.state_ops": """
        assign assign_add assign_sub batch_scatter_update count_up_to scatter_add scatter_div
        scatter_max scatter_min scatter_mul scatter_nd_add scatter_nd_sub scatter_nd_update
        scatter_sub scatter_update""",
    "python.ops.data_flow_ops": """
        ConditionalAccumulator ConditionalAccumulatorBase FIFOQueue PaddingFIFOQueue PriorityQueue
        QueueBase RandomShuffleQueue SparseConditionalAccumulator dynamic_partition
        dynamic_stitch""",
    "python.ops.session_ops": "delete_session_tensor get_session_handle get_session_tensor",
    "python.ops.sparse_ops": """
        deserialize_many_sparse serialize_many_sparse serialize_sparse sparse_add sparse_concat
        sparse_fill_empty_rows sparse_maximum sparse_merge sparse_minimum sparse_reduce_max
        sparse_reduce_max_sparse sparse_reduce_sum sparse_reduce_sum_sparse sparse_reorder
        sparse_reset_shape sparse_reshape sparse_retain sparse_slice sparse_softmax sparse_split
        sparse_tensor_dense_matmul sparse_tensor_to_dense sparse_to_dense sparse_to_indicator
        sparse_transpose""",
    "python.ops.string_ops": """
        as_string decode_base64 encode_base64 reduce_join regex_replace
        string_join string_split string_strip string_to_hash_bucket=string_to_hash_bucket_v1
        string_to_hash_bucket_fast string_to_hash_bucket_strong
        string_to_number=string_to_number_v1 substr""",
}}

# ---- the namespaces that gather the same functions by subject ----

API["dtypes"] = {
    "python.framework.dtypes": _DTYPES,
    "python.ops.math_ops": "cast complex saturate_cast",
    "python.ops.string_ops": "as_string"}

API["errors"] = {"python.framework.errors": """
    ABORTED ALREADY_EXISTS AbortedError AlreadyExistsError CANCELLED CancelledError DATA_LOSS
    DEADLINE_EXCEEDED DataLossError DeadlineExceededError FAILED_PRECONDITION
    FailedPreconditionError INTERNAL INVALID_ARGUMENT InternalError InvalidArgumentError
    NOT_FOUND NotFoundError OK OUT_OF_RANGE OpError OutOfRangeError PERMISSION_DENIED
    PermissionDeniedError RESOURCE_EXHAUSTED ResourceExhaustedError UNAUTHENTICATED UNAVAILABLE
    UNIMPLEMENTED UNKNOWN UnauthenticatedError UnavailableError UnimplementedError UnknownError
    error_code_from_exception_type exception_type_from_error_code"""}

API["math"] = {
    "python.ops.math_ops": """
        abs accumulate_n acos acosh add add_n angle argmax argmin asin asinh atan atan2 atanh
        bessel_i0 bessel_i0e bessel_i1 bessel_i1e betainc bincount ceil conj cos cosh
        count_nonzero cumprod cumsum digamma divide
        divide_no_nan=div_no_nan equal erf erfc exp expm1 floor floordiv floormod greater
        greater_equal igamma igammac imag is_finite is_inf is_nan less less_equal lgamma log
        log1p log_sigmoid logical_and logical_not logical_or logical_xor maximum minimum mod
        multiply multiply_no_nan negative nextafter not_equal polygamma polyval pow real
        reciprocal reciprocal_no_nan reduce_all reduce_any reduce_euclidean_norm
        reduce_logsumexp reduce_max reduce_mean reduce_min reduce_prod reduce_std reduce_sum
        reduce_variance rint round rsqrt scalar_mul segment_max segment_mean segment_min
        segment_prod segment_sum sigmoid sign sin sinh sqrt square squared_difference subtract
        tan tanh truediv unsorted_segment_max unsorted_segment_mean unsorted_segment_min
        unsorted_segment_prod unsorted_segment_sqrt_n unsorted_segment_sum xdivy xlogy zeta""",
    "python.ops.array_ops": "invert_permutation",
    "python.ops.special_math_ops": "lbeta",
    "python.ops.confusion_matrix": "confusion_matrix=confusion_matrix_v1",
    "python.ops.check_ops": "is_non_decreasing is_strictly_increasing",
    "python.ops.nn": """
        in_top_k l2_normalize log_softmax softmax softplus softsign top_k zero_fraction"""}

API["linalg"] = {
    "python.ops.linalg.linear_operator": "LinearOperator",
    "python.ops.linalg.linear_operator_diag": "LinearOperatorDiag",
    "python.ops.linalg.linear_operator_full_matrix": "LinearOperatorFullMatrix",
    "python.ops.linalg.linear_operator_identity": """
        LinearOperatorIdentity LinearOperatorScaledIdentity""",
    "python.ops.linalg.linear_operator_lower_triangular": "LinearOperatorLowerTriangular",
    "python.ops.linalg_ops": """
        cholesky cholesky_solve det=matrix_determinant eigh=self_adjoint_eig
        eigvalsh=self_adjoint_eigvals expm=matrix_exponential eye inv=matrix_inverse
        lstsq=matrix_solve_ls lu norm qr solve=matrix_solve sqrtm=matrix_square_root svd
        triangular_solve=matrix_triangular_solve""",
    "python.ops.linalg_impl": """
        adjoint logdet logm lu_matrix_inverse lu_reconstruct lu_solve matrix_rank pinv slogdet
        tridiagonal_matmul tridiagonal_solve""",
    "python.ops.math_ops": "cross matmul matvec tensordot trace",
    "python.ops.special_math_ops": "einsum",
    "python.ops.clip_ops": "global_norm",
    "python.ops.nn": "l2_normalize",
    "python.ops.array_ops": """
        band_part=matrix_band_part diag=matrix_diag diag_part=matrix_diag_part matrix_transpose
        set_diag=matrix_set_diag tensor_diag=diag tensor_diag_part=diag_part
        transpose=matrix_transpose"""}

_FFT = """
    fft fft2d fft3d ifft ifft2d ifft3d irfft irfft2d irfft3d rfft rfft2d rfft3d"""

API["spectral"] = {
    "python.ops.signal.fft_ops": _FFT,
    "python.ops.signal.dct_ops": "dct idct"}

API["contrib.signal"] = {
    "python.ops.signal.mel_ops": "linear_to_mel_weight_matrix",
    "python.ops.signal.mfcc_ops": "mfccs_from_log_mel_spectrograms",
    "python.ops.signal.reconstruction_ops": "overlap_and_add",
    "python.ops.signal.shape_ops": "frame",
    "python.ops.signal.spectral_ops": "inverse_stft inverse_stft_window_fn stft",
    "python.ops.signal.window_ops": "hamming_window hann_window"}

API["signal"] = {
    **API["contrib.signal"], **API["spectral"],
    "python.ops.signal.fft_ops": _FFT + " fftshift ifftshift"}

API["audio"] = {"python.ops.audio_ops": "decode_wav encode_wav"}

API["manip"] = {
    "python.ops.array_ops": """
        batch_to_space_nd gather_nd reshape reverse scatter_nd space_to_batch_nd tile""",
    "python.ops.manip_ops": "roll"}

API["quantization"] = {"python.ops.array_ops": """
    dequantize fake_quant_with_min_max_args fake_quant_with_min_max_args_gradient
    fake_quant_with_min_max_vars fake_quant_with_min_max_vars_gradient
    fake_quant_with_min_max_vars_per_channel fake_quant_with_min_max_vars_per_channel_gradient
    quantize quantize_and_dequantize quantized_concat"""}

API["bitwise"] = {"python.ops.bitwise_ops": """
    bitwise_and bitwise_or bitwise_xor invert left_shift right_shift"""}

API["debugging"] = {
    "python.ops.check_ops": _ASSERTS + " assert_shapes",
    "python.ops.control_flow_ops": "Assert",
    "python.ops.math_ops": "is_finite is_inf is_nan",
    "python.ops.numerics": "assert_all_finite=verify_tensor_all_finite",
    "python.ops.array_ops": "check_numerics"}

API["random"] = {
    "python.framework.random_seed": "get_seed set_random_seed",
    "python.ops.random_ops": """
        categorical gamma=random_gamma multinomial normal=random_normal poisson=random_poisson
        shuffle=random_shuffle truncated_normal uniform=random_uniform""",
    "python.ops.candidate_sampling_ops": """
        all_candidate_sampler fixed_unigram_candidate_sampler learned_unigram_candidate_sampler
        log_uniform_candidate_sampler uniform_candidate_sampler""",
    "python.ops.stateless_random_ops": """
        stateless_categorical stateless_multinomial stateless_normal=stateless_random_normal
        stateless_truncated_normal stateless_uniform=stateless_random_uniform"""}

API["strings"] = {
    "python.ops.string_ops": """
        as_string format=string_format join=string_join length=string_length lower=string_lower
        reduce_join regex_full_match regex_replace split=strings_split_v1 strip=string_strip substr
        to_hash_bucket=string_to_hash_bucket_v1 to_hash_bucket_fast=string_to_hash_bucket_fast
        to_hash_bucket_strong=string_to_hash_bucket_strong to_number=string_to_number_v1
        unsorted_segment_join upper=string_upper""",
    "python.ops.unicode_ops": """
        unicode_decode unicode_decode_with_offsets unicode_encode unicode_split
        unicode_split_with_offsets unicode_transcode"""}

API["sparse"] = {
    "python.framework.sparse_tensor": "SparseTensor",
    "python.ops.array_ops": "mask=sparse_mask placeholder=sparse_placeholder",
    "python.ops.math_ops": """
        segment_mean=sparse_segment_mean segment_sqrt_n=sparse_segment_sqrt_n
        segment_sum=sparse_segment_sum""",
    "python.ops.sparse_ops": """
        add=sparse_add concat=sparse_concat cross=sparse_cross cross_hashed=sparse_cross_hashed
        expand_dims=sparse_expand_dims eye=sparse_eye fill_empty_rows=sparse_fill_empty_rows
        from_dense matmul=sparse_tensor_dense_matmul maximum=sparse_maximum merge=sparse_merge
        minimum=sparse_minimum reduce_max=sparse_reduce_max
        reduce_max_sparse=sparse_reduce_max_sparse reduce_sum=sparse_reduce_sum
        reduce_sum_sparse=sparse_reduce_sum_sparse reorder=sparse_reorder
        reset_shape=sparse_reset_shape reshape=sparse_reshape retain=sparse_retain
        slice=sparse_slice softmax=sparse_softmax sparse_dense_matmul=sparse_tensor_dense_matmul
        split=sparse_split to_dense=sparse_tensor_to_dense to_indicator=sparse_to_indicator
        transpose=sparse_transpose"""}

API["nest"] = {"python.util.nest": """
    assert_same_structure flatten is_nested map_structure pack_sequence_as"""}

API["initializers"] = {
    "python.ops.init_ops": """
        constant=Constant glorot_normal=glorot_normal_initializer
        glorot_uniform=glorot_uniform_initializer he_normal he_uniform identity=Identity
        lecun_normal lecun_uniform ones=Ones orthogonal=Orthogonal random_normal=RandomNormal
        random_uniform=RandomUniform truncated_normal=TruncatedNormal
        uniform_unit_scaling=UniformUnitScaling variance_scaling=VarianceScaling zeros=Zeros""",
    "python.ops.variables": """
        global_variables=global_variables_initializer
        local_variables=local_variables_initializer variables=variables_initializer"""}

# ---- neural networks ----

_CELLS = """
    BasicLSTMCell BasicRNNCell DeviceWrapper DropoutWrapper GRUCell LSTMCell LSTMStateTuple
    MultiRNNCell RNNCell ResidualWrapper"""

API["nn.rnn_cell"] = {"python.ops.rnn_cell_impl": _CELLS}

API["contrib.rnn"] = {
    "python.ops.rnn_cell_impl": _CELLS + " LayerRNNCell",
    "python.ops.rnn": """
        best_effort_input_batch_size=_best_effort_input_batch_size static_bidirectional_rnn
        static_rnn static_state_saving_rnn transpose_batch_time=_transpose_batch_time""",
    "contrib.rnn.core_rnn_cell": """
        EmbeddingWrapper InputProjectionWrapper OutputProjectionWrapper""",
    "contrib.rnn.conv_cells": "Conv1DLSTMCell Conv2DLSTMCell Conv3DLSTMCell ConvLSTMCell",
    "contrib.rnn.gated_cells": """
        CFNCell IndRNNCell IndyGRUCell IndyLSTMCell IntersectionRNNCell MinimalRNNCell SRUCell
        UGRNNCell""",
    "contrib.rnn.frequency_cells": "BidirectionalGridLSTMCell GridLSTMCell TimeFreqLSTMCell",
    "contrib.rnn.lstm_cells": "CoupledInputForgetGateLSTMCell GLSTMCell NASCell PhasedLSTMCell",
    "contrib.rnn.normalized_cells": """
        LayerNormBasicLSTMCell LayerNormLSTMCell WeightNormLSTMCell""",
    "contrib.rnn.wrappers": "AttentionCellWrapper HighwayWrapper",
    "contrib.rnn.lstm_ops": "LSTMBlockCell LSTMBlockFusedCell LSTMBlockWrapper",
    "contrib.rnn.gru_ops": "GRUBlockCell GRUBlockCellV2",
    "contrib.rnn.fused_rnn_cell": "FusedRNNCell FusedRNNCellAdaptor TimeReversedFusedRNN",
    "contrib.rnn.rnn": "stack_bidirectional_dynamic_rnn stack_bidirectional_rnn"}

API["contrib.legacy_seq2seq"] = {"contrib.legacy_seq2seq.seq2seq": """
    attention_decoder basic_rnn_seq2seq embedding_attention_decoder embedding_attention_seq2seq
    embedding_rnn_decoder embedding_rnn_seq2seq embedding_tied_rnn_seq2seq model_with_buckets
    one2many_rnn_seq2seq rnn_decoder sequence_loss sequence_loss_by_example tied_rnn_seq2seq"""}

API["contrib.seq2seq"] = {
    "contrib.seq2seq.attention_wrapper": """
        AttentionMechanism AttentionWrapper AttentionWrapperState BahdanauAttention
        BahdanauMonotonicAttention LuongAttention LuongMonotonicAttention hardmax
        monotonic_attention safe_cumprod""",
    "contrib.seq2seq.basic_decoder": "BasicDecoder BasicDecoderOutput",
    "contrib.seq2seq.beam_search_decoder": """
        BeamSearchDecoder BeamSearchDecoderOutput BeamSearchDecoderState
        FinalBeamSearchDecoderOutput tile_batch""",
    "contrib.seq2seq.beam_search_ops": "gather_tree gather_tree_from_array",
    "contrib.seq2seq.decoder": "Decoder dynamic_decode",
    "contrib.seq2seq.helper": """
        CustomHelper GreedyEmbeddingHelper Helper InferenceHelper SampleEmbeddingHelper
        ScheduledEmbeddingTrainingHelper ScheduledOutputTrainingHelper TrainingHelper""",
    "contrib.seq2seq.loss": "sequence_loss"}

API["nn"] = {
    "python.ops.ctc_ops": """
        ctc_beam_search_decoder ctc_beam_search_decoder_v2 ctc_greedy_decoder ctc_loss""",
    "python.ops.rnn": """
        bidirectional_dynamic_rnn dynamic_rnn raw_rnn static_bidirectional_rnn static_rnn
        static_state_saving_rnn""",
    "python.ops.nn": """
        all_candidate_sampler atrous_conv2d atrous_conv2d_transpose avg_pool avg_pool1d
        avg_pool2d avg_pool3d avg_pool_v2 batch_norm_with_global_normalization
        batch_normalization bias_add compute_accidental_hits compute_average_loss conv1d
        conv1d_transpose conv2d conv2d_backprop_filter conv2d_backprop_input conv2d_transpose
        conv3d conv3d_backprop_filter conv3d_backprop_filter_v2 conv3d_transpose conv_transpose
        convolution crelu depthwise_conv2d depthwise_conv2d_backprop_filter
        depthwise_conv2d_backprop_input depthwise_conv2d_native
        depthwise_conv2d_native_backprop_filter depthwise_conv2d_native_backprop_input
        dilation2d dropout elu erosion2d fixed_unigram_candidate_sampler fractional_avg_pool
        fractional_max_pool fused_batch_norm
        in_top_k l2_loss l2_normalize leaky_relu learned_unigram_candidate_sampler
        local_response_normalization log_poisson_loss log_softmax log_uniform_candidate_sampler
        lrn max_pool max_pool1d max_pool2d max_pool3d max_pool_v2 max_pool_with_argmax moments
        nce_loss normalize_moments pool quantized_avg_pool quantized_conv2d
        quantized_max_pool quantized_relu_x relu relu6 relu_layer sampled_softmax_loss
        scale_regularization_loss selu separable_conv2d sigmoid
        sigmoid_cross_entropy_with_logits softmax softmax_cross_entropy_with_logits
        softmax_cross_entropy_with_logits_v2 softplus softsign
        sparse_softmax_cross_entropy_with_logits sufficient_statistics swish tanh top_k
        uniform_candidate_sampler weighted_cross_entropy_with_logits weighted_moments
        with_space_to_batch xw_plus_b zero_fraction""",
    "python.ops.embedding_ops": """
        embedding_lookup embedding_lookup_sparse safe_embedding_lookup_sparse""",
    "python.ops.array_ops": "depth_to_space space_to_batch space_to_depth"}

API["layers"] = {
    "python.layers.base": "Layer",
    "python.layers.input_spec": "InputSpec",
    "python.layers.core": "Dense Dropout Flatten dense dropout flatten",
    "python.layers.convolutional": """
        Conv1D Conv2D Conv2DTranspose Conv3D Conv3DTranspose SeparableConv1D SeparableConv2D
        conv1d conv2d conv2d_transpose conv3d conv3d_transpose separable_conv1d separable_conv2d""",
    "python.layers.pooling": """
        AveragePooling1D AveragePooling2D AveragePooling3D MaxPooling1D MaxPooling2D
        MaxPooling3D average_pooling1d average_pooling2d average_pooling3d max_pooling1d
        max_pooling2d max_pooling3d""",
    "python.layers.normalization": "BatchNormalization batch_normalization"}

API["losses"] = {
    "python.ops.losses.losses": """
        Reduction absolute_difference add_loss compute_weighted_loss cosine_distance get_losses
        get_regularization_loss get_regularization_losses get_total_loss hinge_loss huber_loss
        log_loss mean_pairwise_squared_error mean_squared_error sigmoid_cross_entropy
        softmax_cross_entropy sparse_softmax_cross_entropy"""}

API["metrics"] = {"python.ops.metrics": """
    accuracy auc average_precision_at_k false_negatives false_negatives_at_thresholds
    false_positives false_positives_at_thresholds mean mean_absolute_error mean_cosine_distance
    mean_iou mean_per_class_accuracy mean_relative_error mean_squared_error mean_tensor
    percentage_below precision precision_at_k precision_at_thresholds precision_at_top_k recall
    recall_at_k recall_at_thresholds recall_at_top_k root_mean_squared_error
    sensitivity_at_specificity sparse_average_precision_at_k sparse_precision_at_k
    specificity_at_sensitivity true_negatives true_negatives_at_thresholds true_positives
    true_positives_at_thresholds"""}

API["image"] = {"python.ops.image_ops": """
    ResizeMethod adjust_brightness adjust_contrast adjust_gamma adjust_hue adjust_jpeg_quality
    adjust_saturation central_crop combined_non_max_suppression convert_image_dtype
    crop_and_resize=crop_and_resize_v1 crop_to_bounding_box decode_and_crop_jpeg decode_bmp
    decode_gif decode_image decode_jpeg decode_png draw_bounding_boxes encode_jpeg encode_png
    extract_glimpse extract_image_patches extract_jpeg_shape extract_patches flip_left_right flip_up_down
    grayscale_to_rgb hsv_to_rgb image_gradients is_jpeg non_max_suppression
    non_max_suppression_overlaps=non_max_suppression_with_overlaps non_max_suppression_padded
    non_max_suppression_with_scores pad_to_bounding_box per_image_standardization psnr
    random_brightness random_contrast random_crop random_flip_left_right random_flip_up_down
    random_hue random_jpeg_quality random_saturation resize resize_area resize_bicubic
    resize_bilinear resize_image_with_crop_or_pad resize_image_with_pad resize_images resize_nearest_neighbor
    resize_with_crop_or_pad rgb_to_grayscale rgb_to_hsv rgb_to_yiq rgb_to_yuv rot90
    sample_distorted_bounding_box sobel_edges ssim ssim_multiscale total_variation
    transpose=transpose_image transpose_image yiq_to_rgb yuv_to_rgb"""}

# ---- input pipelines ----

API["data"] = {
    "python.data.ops.dataset_ops": """
        Dataset DatasetSpec Options get_output_classes=get_legacy_output_classes
        get_output_shapes=get_legacy_output_shapes get_output_types=get_legacy_output_types
        make_initializable_iterator make_one_shot_iterator""",
    "python.data.ops.iterator_ops": "Iterator",
    "python.data.ops.readers": "FixedLengthRecordDataset TFRecordDataset TextLineDataset"}
API["python.data"] = API["data"]

_DATASET_FUNCTIONS = {
    "python.data.experimental.ops.batching": "dense_to_sparse_batch map_and_batch unbatch",
    "python.data.experimental.ops.grouping": """
        Reducer bucket_by_sequence_length group_by_reducer group_by_window""",
    "python.data.experimental.ops.interleave_ops": """
        choose_from_datasets parallel_interleave sample_from_datasets""",
    "python.data.experimental.ops.misc_ops": """
        Counter copy_to_device enumerate_dataset get_single_element ignore_errors
        prefetch_to_device unique""",
    "python.data.experimental.ops.parsing_ops": "parse_example_dataset",
    "python.data.experimental.ops.random_ops": "RandomDataset",
    "python.data.experimental.ops.readers": """
        CsvDataset make_batched_features_dataset make_csv_dataset""",
    "python.data.experimental.ops.resampling": "rejection_resample",
    "python.data.experimental.ops.scan_ops": "scan",
    "python.data.experimental.ops.shuffle_ops": "shuffle_and_repeat",
    "python.data.experimental.ops.writers": "TFRecordWriter",
    "python.data.ops.dataset_ops": "AUTOTUNE"}

API["data.experimental"] = {
    **_DATASET_FUNCTIONS,
    "python.data.experimental.ops.batching": """
        dense_to_sparse_batch map_and_batch map_and_batch_with_legacy_function unbatch""",
    "python.data.experimental.ops.distribute_options": "DistributeOptions",
    "python.data.experimental.ops.misc_ops": """
        Counter INFINITE_CARDINALITY UNKNOWN_CARDINALITY cardinality copy_to_device
        enumerate_dataset get_single_element ignore_errors prefetch_to_device take_while unique""",
    "python.data.experimental.ops.optimization_options": """
        MapVectorizationOptions OptimizationOptions""",
    "python.data.experimental.ops.stats_options": "StatsOptions",
    "python.data.experimental.ops.threading_options": "ThreadingOptions",
    "python.data.ops.dataset_ops": """
        AUTOTUNE DatasetStructure=DatasetSpec from_variant get_structure to_variant""",
    "python.data.ops.iterator_ops": "get_next_as_optional",
    "python.data.ops.optional_ops": "Optional OptionalStructure=OptionalSpec",
    "python.framework.sparse_tensor": "SparseTensorStructure=SparseTensorSpec",
    "python.framework.tensor_spec": "TensorStructure=TensorSpec",
    "python.framework.type_spec": "Structure=TypeSpec"}

API["contrib.data"] = {
    **_DATASET_FUNCTIONS,
    "python.data.experimental.ops.batching": """
        assert_element_shape batch_and_drop_remainder dense_to_sparse_batch map_and_batch
        padded_batch_and_drop_remainder sliding_window_batch unbatch""",
    "python.data.experimental.ops.grouping": """
        Reducer bucket_by_sequence_length group_by_reducer group_by_window reduce_dataset""",
    "python.data.experimental.ops.interleave_ops": """
        choose_from_datasets parallel_interleave sample_from_datasets sloppy_interleave""",
    "python.data.experimental.ops.readers": """
        CsvDataset make_batched_features_dataset make_csv_dataset read_batch_features"""}

API["train"] = {
    "python.training.optimizer": "Optimizer",
    "python.training.gradient_descent": "GradientDescentOptimizer",
    "python.training.momentum": "MomentumOptimizer",
    "python.training.adam": "AdamOptimizer",
    "python.training.adagrad": "AdagradOptimizer",
    "python.training.adagrad_da": "AdagradDAOptimizer",
    "python.training.adadelta": "AdadeltaOptimizer",
    "python.training.ftrl": "FtrlOptimizer",
    "python.training.rmsprop": "RMSPropOptimizer",
    "python.training.proximal_adagrad": "ProximalAdagradOptimizer",
    "python.training.proximal_gradient_descent": "ProximalGradientDescentOptimizer",
    "python.training.moving_averages": "ExponentialMovingAverage",
    "python.training.learning_rate_decay": """
        cosine_decay cosine_decay_restarts exponential_decay inverse_time_decay
        linear_cosine_decay natural_exp_decay noisy_linear_cosine_decay piecewise_constant
        piecewise_constant_decay=piecewise_constant polynomial_decay""",
    "python.training.training_util": """
        assert_global_step create_global_step get_global_step get_or_create_global_step
        global_step""",
    "python.training.coordinator": "Coordinator LooperThread",
    "python.training.input": """
        batch batch_join input_producer limit_epochs match_filenames_once maybe_batch
        maybe_batch_join maybe_shuffle_batch maybe_shuffle_batch_join range_input_producer
        shuffle_batch shuffle_batch_join slice_input_producer string_input_producer""",
    "python.training.sync_replicas_optimizer": "SyncReplicasOptimizer",
    "python.training.queue_runner_impl": "QueueRunner add_queue_runner start_queue_runners",
    "python.summary.summary_iterator": "summary_iterator",
    "python.training.server_lib": "ClusterSpec Server",
    "python.training.session_run_hook": """
        SessionRunArgs SessionRunContext SessionRunHook SessionRunValues""",
    "python.training.basic_session_run_hooks": """
        CheckpointSaverHook CheckpointSaverListener FeedFnHook FinalOpsHook GlobalStepWaiterHook
        LoggingTensorHook NanLossDuringTrainingError NanTensorHook ProfilerHook SecondOrStepTimer
        StepCounterHook StopAtStepHook SummarySaverHook""",
    "python.training.monitored_session": """
        ChiefSessionCreator MonitoredSession MonitoredTrainingSession Scaffold SessionCreator
        SingularMonitoredSession WorkerSessionCreator""",
    "python.training.session_manager": "SessionManager",
    "python.training.supervisor": "Supervisor",
    "python.training.basic_loops": "basic_train_loop",
    "python.training.warm_starting_util": "VocabInfo warm_start",
    "python.framework.graph_io": "write_graph",
    "python.training.device_setter": "replica_device_setter",
    "python.training.saver": "Saver export_meta_graph import_meta_graph",
    "python.training.checkpoint_management": """
        checkpoint_exists generate_checkpoint_state_proto get_checkpoint_mtimes
        get_checkpoint_state latest_checkpoint remove_checkpoint update_checkpoint_state""",
    "python.training.checkpoint_reader": "NewCheckpointReader",
    "python.training.checkpoint_utils": """
        init_from_checkpoint list_variables load_checkpoint load_variable""",
    "python.framework.messages": """
        BytesList ClusterDef Example Feature FeatureList FeatureLists Features FloatList Int64List
        JobDef SaverDef SequenceExample ServerDef"""}

# ---- SavedModels ----

_SAVED_MODEL_TAGS = "GPU SERVING TPU TRAINING"
_SAVED_MODEL_WORDS = """
    CLASSIFY_INPUTS CLASSIFY_METHOD_NAME CLASSIFY_OUTPUT_CLASSES CLASSIFY_OUTPUT_SCORES
    DEFAULT_SERVING_SIGNATURE_DEF_KEY PREDICT_INPUTS PREDICT_METHOD_NAME PREDICT_OUTPUTS
    REGRESS_INPUTS REGRESS_METHOD_NAME REGRESS_OUTPUTS"""
_SAVED_MODEL_FILES = """
    ASSETS_DIRECTORY ASSETS_KEY LEGACY_INIT_OP_KEY MAIN_OP_KEY SAVED_MODEL_FILENAME_PB
    SAVED_MODEL_FILENAME_PBTXT SAVED_MODEL_SCHEMA_VERSION VARIABLES_DIRECTORY VARIABLES_FILENAME"""
_SAVED_MODEL_SIGNATURES = """
    build_signature_def classification_signature_def is_valid_signature predict_signature_def
    regression_signature_def"""

API["saved_model"] = {
    "python.saved_model.builder_impl": "Builder=SavedModelBuilder",
    "python.saved_model.loader_impl": """
        contains_saved_model load maybe_saved_model_directory""",
    "python.saved_model.simple_save": "simple_save",
    "python.saved_model.main_op_impl": "main_op_with_restore",
    "python.saved_model.utils_impl": "build_tensor_info get_tensor_from_tensor_info",
    "python.saved_model.signature_def_utils_impl": _SAVED_MODEL_SIGNATURES,
    "python.saved_model.signature_constants": _SAVED_MODEL_WORDS,
    "python.saved_model.tag_constants": _SAVED_MODEL_TAGS,
    "python.saved_model.constants": _SAVED_MODEL_FILES}
API["saved_model.builder"] = {"python.saved_model.builder_impl": "SavedModelBuilder"}
API["saved_model.loader"] = {"python.saved_model.loader_impl": "load maybe_saved_model_directory"}
API["saved_model.main_op"] = {"python.saved_model.main_op_impl": "main_op main_op_with_restore"}
API["saved_model.utils"] = {
    "python.saved_model.utils_impl": "build_tensor_info get_tensor_from_tensor_info"}
API["saved_model.signature_def_utils"] = {
    "python.saved_model.signature_def_utils_impl":
        _SAVED_MODEL_SIGNATURES + " load_op_from_signature_def op_signature_def"}
API["saved_model.signature_constants"] = {
    "python.saved_model.signature_constants": _SAVED_MODEL_WORDS}
API["saved_model.tag_constants"] = {"python.saved_model.tag_constants": _SAVED_MODEL_TAGS}
API["saved_model.constants"] = {"python.saved_model.constants": _SAVED_MODEL_FILES}

API["distributions"] = {"python.ops.distributions.distributions": """
    Bernoulli Categorical Distribution FULLY_REPARAMETERIZED NOT_REPARAMETERIZED Normal
    RegisterKL ReparameterizationType Uniform kl_divergence"""}
API["contrib.distributions"] = API["distributions"]

# ---- Keras ----

API["keras.activations"] = {"python.keras.activations": """
    elu exponential get hard_sigmoid linear relu selu serialize sigmoid softmax softplus
    softsign tanh"""}

API["keras.constraints"] = {"python.keras.constraints": """
    Constraint MaxNorm MinMaxNorm NonNeg UnitNorm get max_norm min_max_norm non_neg unit_norm"""}

API["keras.initializers"] = {"python.keras.initializers": """
    Constant Identity Ones Orthogonal RandomNormal RandomUniform TruncatedNormal VarianceScaling
    Zeros constant get glorot_normal glorot_uniform he_normal he_uniform identity lecun_normal
    lecun_uniform normal ones orthogonal random_normal random_uniform truncated_normal uniform
    zeros"""}

API["keras.regularizers"] = {"python.keras.regularizers": "L1L2 Regularizer get l1 l1_l2 l2"}

API["keras.backend"] = {"python.keras.backend": """
    Function abs all any arange argmax argmin backend batch_dot batch_flatten batch_get_value
    batch_normalization batch_set_value bias_add binary_crossentropy cast cast_to_floatx
    categorical_crossentropy clear_session clip concatenate constant conv1d conv2d
    conv2d_transpose conv3d cos count_params cumprod cumsum depthwise_conv2d dot dropout dtype
    elu epsilon equal eval exp expand_dims eye flatten floatx function gather get_session
    get_uid get_value gradients greater greater_equal hard_sigmoid image_data_format
    in_test_phase in_top_k in_train_phase int_shape is_sparse l2_normalize learning_phase less
    less_equal log logsumexp manual_variable_initialization max maximum mean min minimum
    moving_average_update name_scope ndim normalize_batch_in_training not_equal one_hot ones
    ones_like permute_dimensions placeholder pool2d pool3d pow print_tensor prod random_binomial
    random_normal random_normal_variable random_uniform random_uniform_variable relu repeat
    repeat_elements reset_uids reshape resize_images resize_volumes reverse round
    separable_conv2d set_epsilon set_floatx set_image_data_format set_learning_phase set_session
    set_value shape sigmoid sign sin softmax softplus softsign sparse_categorical_crossentropy
    spatial_2d_padding spatial_3d_padding sqrt square squeeze stack std stop_gradient sum switch
    tanh temporal_padding tile to_dense transpose truncated_normal update update_add update_sub
    var variable zeros zeros_like"""}

# ---- the process: flags, logs, tests, versions ----

API["logging"] = {"python.platform.tf_logging": _LOGGING}

API["flags"] = {"python.platform.flags": """
    DEFINE_alias DEFINE_bool DEFINE_boolean DEFINE_enum DEFINE_flag DEFINE_float DEFINE_integer
    DEFINE_list DEFINE_multi_enum DEFINE_multi_float DEFINE_multi_integer DEFINE_multi_string
    DEFINE_spaceseplist DEFINE_string DuplicateFlagError Error FLAGS Flag FlagValues
    IllegalFlagValueError UnparsedFlagAccessError UnrecognizedFlagError ValidationError
    mark_flag_as_required mark_flags_as_required register_validator validator"""}

API["app"] = {"python.platform.app": "run"}

API["test"] = {
    "python.platform.test": """
        TestCase assert_equal_graph_def compute_gradient compute_gradient_error get_temp_dir
        gpu_device_name is_built_with_cuda is_built_with_gpu_support is_built_with_rocm
        is_built_with_xla is_gpu_available main mock test_src_dir_path"""}

API["resource_loader"] = {"python.platform.resource_loader": """
    get_data_files_path get_path_to_datafile get_root_dir_with_all_resources load_resource
    readahead_file_path"""}

API["gfile"] = {"python.platform.gfile": """
    Copy DeleteRecursively Exists FastGFile GFile Glob IsDirectory ListDirectory MakeDirs MkDir
    Open Remove Rename Stat Walk"""}

API["io.gfile"] = {
    "python.platform.gfile": "GFile",
    "python.lib.io.file_io": """
        copy=copy_v2 exists=file_exists_v2 glob=get_matching_files_v2 isdir=is_directory_v2
        listdir=list_directory_v2 makedirs=recursive_create_dir_v2 mkdir=create_dir_v2
        remove=delete_file_v2 rename=rename_v2 rmtree=delete_recursively_v2 stat=stat_v2
        walk=walk_v2"""}

API["python_io"] = {"python.lib.io.python_io": """
    TFRecordCompressionType TFRecordOptions TFRecordWriter tf_record_iterator"""}

API["graph_util"] = {"python.framework.graph_util": """
    convert_variables_to_constants extract_sub_graph must_run_on_cpu remove_training_nodes
    tensor_shape_from_node_def_name"""}

API["io"] = {
    "python.framework.graph_io": "write_graph",
    "python.lib.io.tf_record": """
        TFRecordCompressionType TFRecordOptions TFRecordWriter tf_record_iterator""",
    "python.ops.io_ops": "matching_files read_file write_file",
    "python.ops.parsing_ops": """
        FixedLenFeature FixedLenSequenceFeature SparseFeature VarLenFeature decode_compressed
        decode_csv decode_json_example decode_raw=decode_raw_v1 parse_example
        parse_sequence_example parse_single_example parse_single_sequence_example parse_tensor
        serialize_tensor""",
    "python.ops.data_flow_ops": "PaddingFIFOQueue PriorityQueue QueueBase RandomShuffleQueue",
    "python.ops.string_ops": "decode_base64 encode_base64",
    "python.ops.sparse_ops": "deserialize_many_sparse serialize_many_sparse serialize_sparse",
    "python.ops.image_files": """
        decode_and_crop_jpeg decode_bmp decode_gif decode_image decode_jpeg decode_png encode_jpeg
        extract_jpeg_shape is_jpeg""",
    "python.training.input": "match_filenames_once"}

API["queue"] = {"python.ops.data_flow_ops": """
    FIFOQueue PaddingFIFOQueue PriorityQueue QueueBase RandomShuffleQueue"""}

API["train.queue_runner"] = {
    "python.training.queue_runner_impl": "QueueRunner add_queue_runner start_queue_runners"}

API["contrib.staging"] = {"python.ops.data_flow_ops": "StagingArea"}

API["sets"] = {"python.ops.sets_impl": """
    difference=set_difference intersection=set_intersection set_difference set_intersection set_size
    set_union size=set_size union=set_union"""}

API["summary"] = {"python.summary.summary": """
    Event FileWriter FileWriterCache SessionLog Summary SummaryDescription TaggedRunMetadata
    audio get_summary_description histogram image merge merge_all scalar tensor_summary text"""}

_TABLES = """
    KeyValueTensorInitializer TextFileIndex TextFileInitializer"""

API["lookup"] = {"python.ops.lookup_ops": _TABLES + """
    StaticHashTable=StaticHashTableV1 StaticVocabularyTable"""}

API["lookup.experimental"] = {"python.ops.lookup_ops": "DenseHashTable"}

API["contrib.lookup"] = {
    "python.ops.lookup_ops": _TABLES + """
        FastHashSpec HashTable HasherSpec IdTableWithHashBuckets InitializableLookupTableBase
        LookupInterface MutableDenseHashTable=DenseHashTable MutableHashTable StrongHashSpec
        TableInitializerBase TextFileIdTableInitializer TextFileStringTableInitializer
        index_table_from_file index_to_string_table_from_file""",
    "contrib.lookup.lookup_ops": """
        index_table_from_tensor index_to_string index_to_string_table_from_tensor
        string_to_index string_to_index_table_from_file string_to_index_table_from_tensor"""}

API["sysconfig"] = {
    "python.framework.versions": "CXX11_ABI_FLAG MONOLITHIC_BUILD",
    "python.platform.sysconfig": "get_compile_flags get_include get_lib get_link_flags"}

API["compat"] = {"python.util.compat": """
    as_bytes as_str as_str_any as_text bytes_or_text_types complex_types dimension_at_index
    dimension_value forward_compatibility_horizon forward_compatible integral_types path_to_str
    real_types"""}

API["contrib.util"] = {
    "python.framework.tensor_util": "constant_value make_ndarray=MakeNdarray make_tensor_proto"}

# ---- messages: the modules that protoc makes for TensorFlow, and what scripts look for there ----

_DT = """
    BFLOAT16 BOOL COMPLEX128 COMPLEX64 DOUBLE FLOAT HALF INT16 INT32 INT64 INT8 QINT16 QINT32 QINT8
    QUINT16 QUINT8 RESOURCE STRING UINT16 UINT32 UINT64 UINT8 VARIANT""".split()

for _module, _names in {
        "framework.attr_value": "AttrValue NameAttrList",
        "framework.cost_graph": "CostGraphDef",
        "framework.device_attributes": "DeviceAttributes DeviceLocality",
        "framework.function": "FunctionDef FunctionDefLibrary GradientDef",
        "framework.graph": "GraphDef",
        "framework.node_def": "NodeDef",
        "framework.op_def": "OpDef OpDeprecation OpList",
        "framework.reader_base": "ReaderBaseState",
        "framework.resource_handle": "ResourceHandleProto",
        "framework.step_stats": """
            AllocatorMemoryUsed DeviceStepStats NodeExecStats NodeOutput StepStats""",
        "framework.summary": "HistogramProto Summary SummaryDescription SummaryMetadata",
        "framework.tensor": "TensorProto VariantTensorDataProto",
        "framework.tensor_description": "TensorDescription",
        "framework.tensor_shape": "TensorShapeProto",
        "framework.tensor_slice": "TensorSliceProto",
        "framework.types": " ".join(["DataType DT_INVALID", *("DT_" + name for name in _DT),
                                     *("DT_%s_REF" % name for name in _DT)]),
        "framework.variable": """
            SaveSliceInfoDef VARIABLE_AGGREGATION_MEAN VARIABLE_AGGREGATION_NONE
            VARIABLE_AGGREGATION_ONLY_FIRST_REPLICA VARIABLE_AGGREGATION_SUM
            VARIABLE_SYNCHRONIZATION_AUTO VARIABLE_SYNCHRONIZATION_NONE
            VARIABLE_SYNCHRONIZATION_ON_READ VARIABLE_SYNCHRONIZATION_ON_WRITE
            VariableAggregation VariableDef VariableSynchronization""",
        "framework.versions": "VersionDef",
        "protobuf.cluster": "ClusterDef JobDef",
        "protobuf.config": """
            ConfigProto GPUOptions GraphOptions OptimizerOptions RPCOptions RunMetadata RunOptions
            ThreadPoolOptionProto""",
        "protobuf.control_flow": """
            CondContextDef ControlFlowContextDef ValuesDef WhileContextDef""",
        "protobuf.debug": "DebugOptions DebugTensorWatch",
        "protobuf.meta_graph": """
            AssetFileDef CollectionDef MetaGraphDef SignatureDef TensorInfo""",
        "protobuf.queue_runner": "QueueRunnerDef",
        "protobuf.rewriter_config": "AutoParallelOptions RewriterConfig ScopedAllocatorOptions",
        "protobuf.saved_model": "SavedModel",
        "protobuf.saver": "SaverDef",
        "protobuf.tensor_bundle": "BundleEntryProto BundleHeaderProto",
        "protobuf.tensorflow_server": "ServerDef",
        "protobuf.trackable_object_graph": "TrackableObjectGraph",
        "util.event": "Event LogMessage SessionLog TaggedRunMetadata",
        "util.saved_tensor_slice": """
            SavedSlice SavedSliceMeta SavedTensorSliceMeta SavedTensorSlices""",
        "example.example": "Example SequenceExample",
        "example.feature": """
            BytesList Feature FeatureList FeatureLists Features FloatList Int64List"""}.items():
    API["core.%s_pb2" % _module] = {"python.framework.messages": _names}
API["python.training.checkpoint_state_pb2"] = {"python.framework.messages": "CheckpointState"}

# ---- modules by other names: {path: the path of the module, or namespace, that it is} ----

MODULES = {
    "compat.v1": "",
    "python.ops.standard_ops": "",
    "app.flags": "flags",
    "raw_ops": "python.ops.raw_ops",
    "python.framework.device": "python.framework.device_spec",
    "python.framework.errors_impl": "python.framework.errors",
    "python.ops.gradients_impl": "python.ops.gradients",
    "python.ops.rnn_cell": "python.ops.rnn_cell_impl",
    "python.eager.context": "python.framework.v2_behavior",
    "python.training.training": "train",
    "python.saved_model.saved_model": "saved_model",
    "python.saved_model.builder": "python.saved_model.builder_impl",
    "python.saved_model.loader": "python.saved_model.loader_impl",
    "python.saved_model.main_op": "python.saved_model.main_op_impl",
    "python.saved_model.signature_def_utils": "python.saved_model.signature_def_utils_impl",
    "python.saved_model.utils": "python.saved_model.utils_impl",
    "python.ops.sets": "python.ops.sets_impl",
    "python.ops.linalg.linalg": "linalg",
    "python.ops.linalg.linalg_impl": "python.ops.linalg_impl",
    "pywrap_tensorflow": "python.pywrap_tensorflow",
    **{"python.data.experimental.ops." + name: "python.data.experimental.ops.misc_ops"
       for name in ("cardinality", "counter", "enumerate_ops", "error_ops", "get_single_element",
                    "prefetching_ops", "take_while_ops", "unique")},
    "contrib.data.python.ops": "contrib.data",
    "contrib.distributions": "distributions",
    "contrib.factorization.python.ops": "contrib.factorization",
    "contrib.framework.nest": "python.util.nest",
    "contrib.framework.python.framework": "contrib.framework",
    "contrib.framework.python.ops": "contrib.framework",
    "contrib.framework.python.ops.audio_ops": "python.ops.audio_ops",
    "contrib.layers.layers": "contrib.layers",
    "contrib.layers.python.layers": "contrib.layers",
    "contrib.learn.python.learn.datasets.mnist": "examples.tutorials.mnist.input_data",
    "contrib.learn.python.learn.preprocessing": "contrib.learn.preprocessing",
    "contrib.legacy_seq2seq.python.ops": "contrib.legacy_seq2seq",
    "contrib.rnn.python.ops": "contrib.rnn",
    "contrib.rnn.python.ops.core_rnn": "contrib.rnn.rnn",
    "contrib.seq2seq.python.ops": "contrib.seq2seq",
    "contrib.slim.python.slim": "contrib.slim",
    "contrib.training.python.training.hparam": "contrib.training.hparam",
    **{"python.ops.gen_%s_ops" % name: "python.ops.gen_ops"
       for name in ("array", "audio", "bitwise", "candidate_sampling", "control_flow",
                    "ctc", "data_flow", "dataset", "experimental_dataset", "image", "rnn",
                    "io", "linalg", "list", "logging", "lookup", "manip", "math", "nn", "parsing",
                    "random", "resource_variable", "script", "set", "sparse", "spectral", "state",
                    "stateless_random", "string")},
    "python.training.gen_training_ops": "python.ops.gen_ops",
}

# ---- what people look for and will not find, with what to say ----

RENAMED = {
    "batch_matmul": "matmul", "batch_svd": "svd", "concat_v2": "concat",
    "histogram_summary": "summary.histogram", "image_summary": "summary.image",
    "listdiff": "setdiff1d", "merge_all_summaries": "summary.merge_all",
    "merge_summary": "summary.merge", "mul": "multiply", "neg": "negative", "pack": "stack",
    "scalar_summary": "summary.scalar", "select": "where", "sub": "subtract",
    "train.SummaryWriter": "summary.FileWriter", "unpack": "unstack",
}

LATER = {
    "vectorized maps": "vectorized_map",
    "such cell": "contrib.rnn.CompiledWrapper contrib.rnn.NTMCell",
    "losses of sequences by version 2": "nn.ctc_loss_v2 nn.ctc_unique_labels",
    "object-based checkpoints": """
        train.Checkpoint train.CheckpointManager train.experimental""",
    "summaries of version 2": """
        contrib.summary summary.all_v2_summary_ops summary.initialize""",
    "readers of LMDB": "LMDBReader",
    "plugged file systems": "load_file_system_library",
    "such parts of input pipelines": """
        contrib.data.CheckpointInputPipelineHook contrib.data.LMDBDataset contrib.data.SqlDataset
        contrib.data.make_saveable_from_iterator
        data.experimental.CheckpointInputPipelineHook data.experimental.RaggedTensorStructure
        data.experimental.SqlDataset data.experimental.StatsAggregator
        data.experimental.TensorArrayStructure data.experimental.bytes_produced_stats
        data.experimental.latency_stats data.experimental.make_saveable_from_iterator""",
    "scripts of characters": "strings.unicode_script",
    "training of quantized graphs": "train.do_quantize_training_on_graphdef",
    "estimators": """
        contrib.boosted_trees contrib.factorization.GMM contrib.factorization.KMeansClustering
        contrib.factorization.WALSModel contrib.learn.Estimator contrib.learn.ModeKeys
        contrib.learn.RunConfig contrib.tensor_forest estimator feature_column""",
    "layers and models of Keras": """
        contrib.keras keras.Input keras.Model keras.Sequential keras.applications keras.callbacks
        keras.datasets keras.estimator keras.experimental keras.layers keras.losses
        keras.metrics keras.models keras.optimizers keras.preprocessing keras.utils
        keras.wrappers""",
    "specifications of such values": "IndexedSlicesSpec",
    "functions of version 2": "wrap_function",
    "eager execution": "GradientTape contrib.eager python.eager.backprop",
    "such linear operators": """
        linalg.LinearOperatorAdjoint linalg.LinearOperatorBlockDiag
        linalg.LinearOperatorCirculant linalg.LinearOperatorCirculant2D
        linalg.LinearOperatorCirculant3D linalg.LinearOperatorComposition
        linalg.LinearOperatorHouseholder linalg.LinearOperatorInversion
        linalg.LinearOperatorKronecker linalg.LinearOperatorLowRankUpdate
        linalg.LinearOperatorToeplitz linalg.LinearOperatorZeros""",
    "distribution strategies": "contrib.distribute distribute",
    "TPUs": """
        contrib.cluster_resolver contrib.tpu.InputPipelineConfig contrib.tpu.RunConfig
        contrib.tpu.TPUConfig contrib.tpu.TPUEstimator contrib.tpu.TPUEstimatorSpec
        contrib.tpu.initialize_system contrib.tpu.rewrite contrib.tpu.shutdown_system tpu""",
    "ragged tensors": """
        RaggedTensor RaggedTensorSpec ragged strings.bytes_split strings.ngrams""",
    "such part of TensorFlow": """
        Module autograph compat.v2 config contrib.memory_stats contrib.nccl contrib.opt
        contrib.tensorboard experimental lite math.sobol_sample mixed_precision
        nn.collapse_repeated profiler python.debug
        random.experimental test.Benchmark test.StubOutForTesting
        test.create_local_cluster user_ops xla""",
}
