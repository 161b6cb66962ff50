package io.gibbon.runtime.tokenizer;

import io.gibbon.runtime.tokenizer.Tokenizer.PieceConsumer;

/**
 * How text is cut into pieces and pieces become tokens: one for each kind of tokenizer that GGUF
 * files have. Immutable and thread-safe.
 */
sealed interface Scheme permits ByteLevelScheme, SentencePieceScheme {

  /** As {@link Tokenizer#forEachPiece}. */
  void forEachPiece(CharSequence text, PieceConsumer consumer);

  /** Whether sequences begin with a token for it in files that do not say. */
  boolean addsBeginOfSequence();

  /** Whether the first token of a text has a space in front that the text has not. */
  boolean addsSpace();

  /** Where a piece is cut that would be too long: never between two surrogates. */
  static int cut(CharSequence text, int start, int end) {
    int cut = start + Tokenizer.MAX_PIECE;
    if (cut >= end) {
      return end;
    }
    return Character.isLowSurrogate(text.charAt(cut))
            && Character.isHighSurrogate(text.charAt(cut - 1))
        ? cut - 1
        : cut;
  }
}
