package io.gibbon.runtime.tokenizer;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;

/**
 * Turns tokens into text as they come, whole characters only: a character whose bytes are spread
 * over several tokens appears with the last of them. Malformed bytes become the replacement
 * character, control tokens nothing. The text goes on from the prompt's: a space at its start is
 * part of it. Not thread-safe; one per generation.
 */
public final class StreamingDecoder {

  private final Tokenizer tokenizer;
  private final CharsetDecoder decoder =
      StandardCharsets.UTF_8
          .newDecoder()
          .onMalformedInput(CodingErrorAction.REPLACE)
          .onUnmappableCharacter(CodingErrorAction.REPLACE);
  private ByteBuffer pending = ByteBuffer.allocate(0);

  StreamingDecoder(Tokenizer tokenizer) {
    this.tokenizer = tokenizer;
  }

  /** The characters that this token completes; often none or several. */
  public String append(int token) {
    if (tokenizer.isControl(token)) {
      return "";
    }
    byte[] bytes = tokenizer.bytes(token);
    ByteBuffer input = ByteBuffer.allocate(pending.remaining() + bytes.length);
    input.put(pending).put(bytes).flip();
    return decode(input, false);
  }

  /** The rest, once no token follows: a replacement character if the last one was incomplete. */
  public String finish() {
    return decode(pending, true);
  }

  private String decode(ByteBuffer input, boolean end) {
    CharBuffer output = CharBuffer.allocate(input.remaining() + 1);
    decoder.reset();
    decoder.decode(input, output, end);
    if (end) {
      decoder.flush(output);
    }
    pending = input.slice();
    return output.flip().toString();
  }
}
