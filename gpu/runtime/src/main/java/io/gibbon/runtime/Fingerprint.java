package io.gibbon.runtime;

import io.gibbon.runtime.kv.KvLayout;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** What tells the states of one profile from those of all others. */
final class Fingerprint {

  private static final int BYTES = 8;

  private Fingerprint() {}

  /**
   * The first 16 hexadecimal digits of a SHA-256 over everything that a context's bytes depend on.
   *
   * @param modelHash SHA-256 of the model file
   * @param prefix tokens in front of every context
   * @param contextFormat the words around a context
   * @param layout shape and format of KV states
   * @param contextTokens the most tokens of one context
   */
  static String of(
      String modelHash, int[] prefix, String contextFormat, KvLayout layout, int contextTokens) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      DataOutputStream out =
          new DataOutputStream(new DigestOutputStream(OutputStream.nullOutputStream(), digest));
      writeText(out, modelHash);
      out.writeInt(prefix.length);
      for (int token : prefix) {
        out.writeInt(token);
      }
      writeText(out, contextFormat);
      writeText(out, layout.format().name());
      out.writeInt(KvLayout.VERSION);
      out.writeInt(contextTokens);
      return HexFormat.of().formatHex(digest.digest(), 0, BYTES);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void writeText(DataOutputStream out, String text) throws IOException {
    byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
    out.writeInt(utf8.length);
    out.write(utf8);
  }
}
