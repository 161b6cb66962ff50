package io.gibbon.tornado;

/**
 * Where the kernels find what a step is, in the {@link StepPlan}'s array of ints and in one of
 * floats. Tables follow a header that tells where they begin.
 */
final class StepTable {

  /** The most rows of a step. */
  static final int MAX_ROWS = 256;

  /** Rows whose logits are computed together. */
  static final int LOGIT_ROWS = 16;

  /** The most ints. */
  static final int CAPACITY = 1 << 16;

  /** The most partial results of attention for each head. */
  static final int MAX_PARTIALS = 8 * MAX_ROWS;

  /** The most context pieces whose log-sum-exp is wanted, over all rows that want shares. */
  static final int MAX_SHARE_PIECES = 1 << 14;

  /** The most shares of one head, row and piece that are wanted. */
  static final int MAX_CELLS = 1 << 14;

  // The header.
  static final int ROWS = 0;
  static final int WANTED = 1;
  static final int CELLS = 2;
  static final int ROW_TABLE = 3;
  static final int WANTED_TABLE = 4;
  static final int ITEM_TABLE = 5;
  static final int PIECE_TABLE = 6;
  static final int SLOT_TABLE = 7;
  static final int QUERY_TABLE = 8;
  static final int CELL_TABLE = 9;
  static final int TOP = 10;

  /** Ints of the header. */
  static final int HEADER = 11;

  // A row.
  static final int TOKEN = 0;
  static final int POSITION = 1;
  static final int OWN_INDEX = 2;
  static final int OWN_SLOT = 3;
  static final int PARTIALS = 4;
  static final int SPANS = 5;
  static final int CONTEXT_SPANS = 6;
  static final int SHARES = 7;

  /** Ints of a row. */
  static final int ROW = 8;

  // An item of attention: a span of pieces for a few adjacent queries of the query table's rows.
  static final int PIECES_FROM = 0;
  static final int PIECES_TO = 1;
  static final int ITEM_SPAN = 2;
  static final int FIRST_QUERY = 3;
  static final int QUERY_COUNT = 4;
  static final int LAST_OWN_INDEX = 5;
  static final int LEAST_POSITION = 6;

  /** Ints of an item. */
  static final int ITEM = 7;

  // A piece: adjacent tokens of one KV states, whose pages are in the slot table.
  static final int PIECE_SLOTS = 0;
  static final int PIECE_FROM = 1;
  static final int PIECE_TO = 2;
  static final int PIECE_CAUSAL = 3;
  static final int PIECE_START = 4;
  static final int PIECE_INDEX = 5;
  static final int PIECE_CODED = 6;

  /** Ints of a piece. */
  static final int PIECE = 7;

  // A cell: what one thread computes of attention shares. All heads if the head is negative.
  static final int CELL_ROW = 0;
  static final int CELL_PIECE = 1;
  static final int CELL_HEAD = 2;

  /** Ints of a cell. */
  static final int CELL = 3;

  // The numbers of a step.
  static final int EPSILON = 0;
  static final int EMBEDDING_SCALE = 1;
  static final int ATTENTION_SCALE = 2;

  /** For each row the scale of scores in the context group, and S times T. */
  static final int SCALES = 3;

  /** For each row cosines and sines of its position, then those of sliding layers. */
  static final int ANGLES = SCALES + 2 * MAX_ROWS;

  private StepTable() {}
}
