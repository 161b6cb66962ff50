package io.gibbon.runtime.model;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.gibbon.runtime.GgufWriter;
import io.gibbon.runtime.TinyModel;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Damaged and malicious files: each is refused with one clear message, none is believed. */
class HostileModelTest {

  private static final int F32 = TensorType.F32.code();

  @TempDir Path directory;

  @Test
  void everyTruncationIsRefused() throws IOException {
    byte[] whole = TinyModel.DEFAULT.writer().toBytes();
    for (int length = 0; length < whole.length - 256; length += 1_499) {
      refuses(Arrays.copyOf(whole, length), "tiny.gguf: ");
    }
    refuses(Arrays.copyOf(whole, whole.length - 256), "truncated or damaged");
  }

  @Test
  void aFlippedByteIsRefusedOrHarmless() throws IOException {
    byte[] whole = TinyModel.DEFAULT.writer().toBytes();
    Random random = new Random(7);
    for (int i = 0; i < 300; i++) {
      byte[] damaged = whole.clone();
      damaged[random.nextInt(8_000)] ^= (byte) (1 << random.nextInt(8));
      Path path = write(damaged);
      assertThatCode(
              () -> {
                try {
                  Model.open(path).close();
                } catch (InvalidModelException e) {
                  return;
                }
              })
          .doesNotThrowAnyException();
    }
  }

  @Test
  void whatIsNoGgufFileIsRefused() throws IOException {
    refuses(new byte[4096], "does not begin with the letters GGUF");
    assertThatThrownBy(() -> Model.open(directory))
        .isInstanceOf(InvalidModelException.class)
        .hasMessageContaining("is a directory");
    assertThatThrownBy(() -> Model.open(directory.resolve("none.gguf")))
        .isInstanceOf(InvalidModelException.class)
        .hasMessageContaining("no such file");
  }

  @Test
  void otherVersionsAreRefusedByNumber() throws IOException {
    refuses(TinyModel.DEFAULT.writer().version(1), "has GGUF version 1; supported: 2, 3");
    refuses(TinyModel.DEFAULT.writer().version(0xFFFFFFFF), "has GGUF version 4294967295");
    refuses(TinyModel.DEFAULT.writer().version(3 << 24), "big-endian");
  }

  @Test
  void absurdCountsAreRefused() throws IOException {
    refuses(
        TinyModel.DEFAULT.writer().counts(1L << 60, 5),
        "tensor_count is 1152921504606846976, the limit is 65536");
    refuses(
        TinyModel.DEFAULT.writer().counts(5, -1),
        "metadata_kv_count is 18446744073709551615, the limit is 65536");
  }

  @Test
  void absurdLengthsAreRefused() throws IOException {
    refuses(new GgufWriter().raw("k", 8, longs(1L << 40)), "length of the k is 1099511627776");
    refuses(new GgufWriter().raw("k", 8, longs(1 << 20)), "ends within k: 1048576 bytes needed");
    refuses(new GgufWriter().raw("k", 9, array(8, 1 << 30)), "length of k is 1073741824");
    refuses(new GgufWriter().raw("k", 9, array(6, 1 << 23)), "ends within k");
    refuses(new GgufWriter().raw("k", 9, array(9, 1)), "k is an array of arrays");
    refuses(new GgufWriter().raw("k", 99, new byte[8]), "k has value type 99");
    refuses(new GgufWriter().raw("k", 7, new byte[] {2}), "k is a boolean of value 2");
  }

  @Test
  void duplicateNamesAreRefused() throws IOException {
    refuses(new GgufWriter().integer("k", 1).raw("k", 4, new byte[4]), "has the key k twice");
    refuses(
        new GgufWriter()
            .tensor("t", TensorType.F32, 32, 1, new float[32])
            .tensor("t", TensorType.F32, 32, 1, new float[32]),
        "has the tensor t twice");
  }

  @Test
  void absurdTensorsAreRefused() throws IOException {
    refuses(tensor(F32, 0, 1L << 40), "a dimension of 1099511627776");
    refuses(tensor(F32, 0, 0), "a dimension of 0");
    refuses(tensor(F32, 0, -1), "a dimension of 18446744073709551615");
    refuses(tensor(F32, 0, 2, 1 << 30, 1 << 30), "more than 2147483647 rows");
    refuses(tensor(F32, 0, 1 << 30, 1 << 30), "is larger than the file");
    refuses(tensor(F32, 0, 1, 1, 1, 1, 1), "5 dimensions");
    refuses(tensor(F32, 0), "0 dimensions");
    refuses(tensor(F32, 1L << 50, 8), "past the end");
    refuses(tensor(F32, -32, 8), "past the end");
    refuses(tensor(F32, 4, 8), "not a multiple of the alignment 32");
  }

  @Test
  void blocksThatDoNotFitTheFileAreRefused() throws IOException {
    for (TensorType type : TensorType.values()) {
      int length = type.blockLength();
      if (length > 1) {
        refuses(
            tensor(type.code(), 0, length + length / 2),
            "not a multiple of the %d of a %s block".formatted(length, type));
      }
      refuses(
          tensor(type.code(), 0, length, 1 << 30), "%s is larger than the file".formatted(type));
      refuses(
          tensor(type.code(), 0, length).string("padding", "x".repeat(1024)),
          "tensor t has %d bytes at offset 0, past the end".formatted(type.blockBytes()));
      refuses(
          new GgufWriter()
              .info("a", type.code(), 0, length)
              .tensor("b", TensorType.F32, 64, 1, new float[64]),
          "tensors a and b overlap");
    }
  }

  @Test
  void anUnsupportedTypeIsRefusedByName() throws IOException {
    refuses(
        tensor(10, 0, 256),
        "tensor t is of ggml type Q2_K, which is not supported; supported: F32, F16, Q4_0, Q4_1, "
            + "Q5_0, Q5_1, Q8_0, Q4_K, Q5_K, Q6_K, BF16");
    refuses(tensor(12345, 0, 256), "ggml type number 12345");
    refuses(tensor(-1, 0, 256), "ggml type number 4294967295");
  }

  @Test
  void overlappingTensorsAreRefused() throws IOException {
    refuses(
        new GgufWriter().tensor("a", TensorType.F32, 32, 1, new float[32]).info("b", F32, 96, 8),
        "tensors a and b overlap");
  }

  @Test
  void metadataAtOddsIsRefused() throws IOException {
    refuses(new GgufWriter(), "general.architecture is missing");
    refuses(new GgufWriter().integer("general.architecture", 1), "must be a string");
    refuses(
        new GgufWriter().string("general.architecture", "mamba"),
        "general.architecture is mamba, which is not supported; supported: llama, qwen2, qwen3, gemma3");
    refuses(
        new GgufWriter().integer("general.alignment", 24), "general.alignment is 24, not a power");
    refuses(shape(0, 64, 4, 2), "llama.block_count is 0, it must be from 1 to 1024");
    refuses(shape(2, 1 << 30, 4, 2), "llama.embedding_length is 1073741824");
    refuses(shape(2, 64, 4, 3), "llama.attention.head_count_kv is 3, not a divisor of 4");
    refuses(
        shape(2, 64, 4, 2).string("llama.rope.scaling.type", "longrope"),
        "llama.rope.scaling.type is longrope, which is not supported; supported: none, linear, yarn");
    refuses(
        shape(2, 64, 4, 2)
            .string("llama.rope.scaling.type", "yarn")
            .number("llama.rope.scaling.factor", 0.5f),
        "llama.rope.scaling.factor is 0.5, it must be from 1 to");
    refuses(
        TinyModel.DEFAULT
            .withArchitecture("gemma3")
            .writer()
            .integer("gemma3.attention.sliding_window", 0),
        "gemma3.attention.sliding_window is 0, it must be from 1");
    refuses(
        shape(2, 64, 4, 2).number("llama.rope.freq_base", 1),
        "llama.rope.freq_base is 1.0, it must be greater than 1");
    refuses(
        shape(2, 64, 4, 2).string("general.architecture", "qwen2"),
        "qwen2.embedding_length is missing");
  }

  @Test
  void tensorsAtOddsWithTheMetadataAreRefused() throws IOException {
    float[] numbers = new float[64];
    refuses(
        TinyModel.DEFAULT.writer().tensor("blk.0.attn_q.bias", TensorType.F32, 64, 1, numbers),
        "tensor blk.0.attn_q.bias is not part of the llama family");
    refuses(
        TinyModel.DEFAULT.writer().tensor("output.weight", TensorType.F32, 32, 2, numbers),
        "tensor output.weight is 32 x 2, the metadata asks for 64 x ");
    refuses(shape(2, 64, 4, 2), "tensor token_embd.weight is missing");
  }

  private static GgufWriter tensor(int type, long offset, long... dimensions) {
    return new GgufWriter().info("t", type, offset, dimensions);
  }

  private static GgufWriter shape(int layers, int width, int heads, int kvHeads) {
    return new GgufWriter()
        .string("general.architecture", "llama")
        .integer("llama.block_count", layers)
        .integer("llama.context_length", 4096)
        .integer("llama.embedding_length", width)
        .integer("llama.feed_forward_length", 128)
        .integer("llama.attention.head_count", heads)
        .integer("llama.attention.head_count_kv", kvHeads)
        .number("llama.attention.layer_norm_rms_epsilon", 1e-5f)
        .strings("tokenizer.ggml.tokens", List.of("a", "b"));
  }

  private static byte[] longs(long value) {
    return ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(value).array();
  }

  private static byte[] array(int type, long count) {
    return ByteBuffer.allocate(12)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putInt(type)
        .putLong(count)
        .array();
  }

  private void refuses(GgufWriter file, String message) throws IOException {
    refuses(file.toBytes(), message);
  }

  private void refuses(byte[] file, String message) throws IOException {
    Path path = write(file);
    assertThatThrownBy(() -> Model.open(path))
        .isInstanceOf(InvalidModelException.class)
        .hasMessageStartingWith(path + ": ")
        .hasMessageContaining(message);
  }

  private Path write(byte[] file) throws IOException {
    return Files.write(directory.resolve("tiny.gguf"), file);
  }
}
