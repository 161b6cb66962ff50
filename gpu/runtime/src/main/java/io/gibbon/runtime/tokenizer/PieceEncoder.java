package io.gibbon.runtime.tokenizer;

/** Encodes one piece of bytes after the other. Not thread-safe: its arrays serve all pieces. */
final class PieceEncoder {

  private static final int REPLACEMENT = 0xFFFD;

  private final Vocabulary vocabulary;
  private final boolean wholePieces;
  private final PairMerger merger;
  private byte[] utf8 = new byte[64];
  private int[] tokens = new int[64];

  PieceEncoder(Vocabulary vocabulary, Merges merges, boolean wholePieces) {
    this.vocabulary = vocabulary;
    this.wholePieces = wholePieces;
    this.merger = new PairMerger(merges);
  }

  /**
   * Encodes a part of a text as one piece.
   *
   * @return how many tokens lie at the front of {@link #tokens()}
   */
  int encode(CharSequence text, int start, int end) {
    int length = toUtf8(text, start, end);
    int whole = wholePieces ? vocabulary.normal(ByteAlphabet.write(utf8, length)) : -1;
    if (whole >= 0) {
      tokens[0] = whole;
      return 1;
    }
    int count = 0;
    for (int i = 0; i < length; i++) {
      int token = vocabulary.byteToken(utf8[i]);
      if (token >= 0) {
        tokens[count++] = token;
      }
    }
    return merger.merge(tokens, count);
  }

  /** The last piece's tokens. */
  int[] tokens() {
    return tokens;
  }

  /** UTF-8 of the text, each lone surrogate as the replacement character. */
  private int toUtf8(CharSequence text, int start, int end) {
    int most = (end - start) * 3;
    if (utf8.length < most) {
      utf8 = new byte[most];
      tokens = new int[most];
    }
    int length = 0;
    for (int i = start; i < end; i++) {
      char c = text.charAt(i);
      if (c < 0x80) {
        utf8[length++] = (byte) c;
        continue;
      }
      int codePoint = c;
      if (Character.isHighSurrogate(c)
          && i + 1 < end
          && Character.isLowSurrogate(text.charAt(i + 1))) {
        codePoint = Character.toCodePoint(c, text.charAt(++i));
      } else if (Character.isSurrogate(c)) {
        codePoint = REPLACEMENT;
      }
      length = put(codePoint, length);
    }
    return length;
  }

  private int put(int codePoint, int at) {
    int length = at;
    if (codePoint < 0x800) {
      utf8[length++] = (byte) (0xC0 | codePoint >> 6);
    } else {
      if (codePoint < 0x10000) {
        utf8[length++] = (byte) (0xE0 | codePoint >> 12);
      } else {
        utf8[length++] = (byte) (0xF0 | codePoint >> 18);
        utf8[length++] = (byte) (0x80 | codePoint >> 12 & 0x3F);
      }
      utf8[length++] = (byte) (0x80 | codePoint >> 6 & 0x3F);
    }
    utf8[length++] = (byte) (0x80 | codePoint & 0x3F);
    return length;
  }
}
