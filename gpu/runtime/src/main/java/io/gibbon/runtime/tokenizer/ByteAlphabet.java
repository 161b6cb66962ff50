package io.gibbon.runtime.tokenizer;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * GPT-2's alphabet: each byte is written as one printable character in vocabularies and merges.
 * Printable Latin-1 characters stand for themselves, the other bytes for the characters from
 * U+0100.
 */
final class ByteAlphabet {

  private static final char[] CHARACTERS = new char[256];
  private static final short[] BYTES = new short[512];

  static {
    Arrays.fill(BYTES, (short) -1);
    char next = 256;
    for (int b = 0; b < 256; b++) {
      boolean printable = b >= '!' && b <= '~' || b >= 0xA1 && b <= 0xAC || b >= 0xAE;
      CHARACTERS[b] = printable ? (char) b : next++;
      BYTES[CHARACTERS[b]] = (short) b;
    }
  }

  private ByteAlphabet() {}

  /** The bytes as a vocabulary writes them. */
  static String write(byte[] bytes, int length) {
    char[] chars = new char[length];
    for (int i = 0; i < length; i++) {
      chars[i] = CHARACTERS[bytes[i] & 0xFF];
    }
    return new String(chars);
  }

  /** The bytes of a vocabulary's token, or null if it has a character outside the alphabet. */
  static byte @Nullable [] read(String token) {
    byte[] bytes = new byte[token.length()];
    for (int i = 0; i < bytes.length; i++) {
      char c = token.charAt(i);
      if (c >= BYTES.length || BYTES[c] < 0) {
        return null;
      }
      bytes[i] = (byte) BYTES[c];
    }
    return bytes;
  }
}
