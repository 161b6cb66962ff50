package io.gibbon.schemas.serde;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;

/** UTF-8 that is refused when malformed instead of being replaced. */
final class Utf8Text {

  private Utf8Text() {}

  /**
   * Decodes bytes.
   *
   * @throws InvalidRecordException if they are not UTF-8
   */
  static CharBuffer decode(byte[] bytes, int offset, int length) {
    try {
      return StandardCharsets.UTF_8
          .newDecoder()
          .onMalformedInput(CodingErrorAction.REPORT)
          .onUnmappableCharacter(CodingErrorAction.REPORT)
          .decode(ByteBuffer.wrap(bytes, offset, length));
    } catch (CharacterCodingException e) {
      throw InvalidRecordException.of("text that is not UTF-8", e);
    }
  }
}
