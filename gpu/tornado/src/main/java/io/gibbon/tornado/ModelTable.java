package io.gibbon.tornado;

/**
 * The model's shape as the kernels read it: a header, then a record for each layer and one for the
 * output, in one array of ints that stays on the device.
 */
final class ModelTable {

  /** Ints before the first record. */
  static final int HEADER = 16;

  // The header.
  static final int WIDTH = 0;
  static final int HEADS = 1;
  static final int KV_HEADS = 2;
  static final int HEAD_DIM = 3;
  static final int FEED_FORWARD = 4;
  static final int LAYERS = 5;
  static final int ROPE_PAIRS = 6;
  static final int ROPE_ADJACENT = 7;
  static final int GELU = 8;
  static final int HALVES = 9;
  static final int EMBEDDING_BITS = 10;
  static final int EMBEDDING_GROUP = 11;
  static final int EMBEDDING_DATA = 12;
  static final int EMBEDDING_SCALES = 13;
  static final int LANES = 14;
  static final int VOCABULARY = 15;

  // A record: where vectors begin among the floats, or -1; then the operations.
  static final int ATTENTION_NORM = 0;
  static final int FEED_FORWARD_NORM = 1;
  static final int BIAS = 2;
  static final int QUERY_NORM = 3;
  static final int KEY_NORM = 4;
  static final int ATTENTION_OUTPUT_NORM = 5;
  static final int DOWN_NORM = 6;
  static final int VISIBLE = 7;
  static final int OPERATIONS = 8;

  // An operation: columns, strides of input and output, whether it adds, then its matrices.
  static final int QUERY_KEY_VALUE = 0;
  static final int ATTENTION_OUTPUT = 1;
  static final int GATE_UP = 2;
  static final int DOWN = 3;
  static final int MATRICES = 4;

  /** Ints of a matrix: bits, group, where data and scales begin, panels. */
  static final int MATRIX = 5;

  /** Ints of an operation. */
  static final int OPERATION = MATRICES + 3 * MATRIX;

  /** Ints of a record. */
  static final int RECORD = OPERATIONS + 4 * OPERATION;

  private ModelTable() {}
}
