package io.gibbon.runtime.tokenizer;

import java.nio.charset.StandardCharsets;

/** How a vocabulary writes its tokens. */
enum Spelling {

  /** GPT-2's: one printable character for each byte. */
  BYTE_ALPHABET {
    @Override
    byte[] read(String token) {
      byte[] bytes = ByteAlphabet.read(token);
      return bytes == null ? token.getBytes(StandardCharsets.UTF_8) : bytes;
    }

    @Override
    String write(byte value) {
      return ByteAlphabet.write(new byte[] {value}, 1);
    }
  },

  /** SentencePiece's: text with {@link #SPACE} for a space, and {@code <0x0A>} for one byte. */
  SENTENCE_PIECE {
    @Override
    byte[] read(String token) {
      return token.replace(SPACE, ' ').getBytes(StandardCharsets.UTF_8);
    }

    @Override
    String write(byte value) {
      return "<0x%02X>".formatted(value);
    }
  };

  /** What stands for a space in SentencePiece's vocabularies: the lower one eighth block. */
  static final char SPACE = '\u2581';

  /** The bytes that a normal token stands for. */
  abstract byte[] read(String token);

  /** The token that stands for one byte. */
  abstract String write(byte value);
}
