package io.gibbon.runtime.model;

import io.gibbon.runtime.model.Architecture.Shape;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * An open model file: its description, its weights, and the metadata that tokenizer and chat
 * template are read from. Thread-safe while open.
 */
public final class Model implements AutoCloseable {

  private static final long HASH_SLICE = 64 << 20;

  private final Gguf gguf;
  private final String name;
  private final ModelDescription description;
  private volatile @Nullable String sha256;

  private Model(Gguf gguf) {
    this.gguf = gguf;
    this.name = nameOf(gguf.path());
    this.description = ModelDescription.from(gguf.metadata());
    checkTensors(gguf, description);
  }

  /**
   * Maps a GGUF file and checks all of it but the numbers themselves.
   *
   * @throws InvalidModelException if the file is damaged or not a model that this runtime can run
   */
  public static Model open(Path path) {
    Gguf gguf = Gguf.open(path);
    try {
      return new Model(gguf);
    } catch (RuntimeException e) {
      gguf.close();
      throw e;
    }
  }

  /** The name clients ask for: the file's, in lower case, without extension and weight type. */
  public String name() {
    return name;
  }

  /** Where the file is. */
  public Path path() {
    return gguf.path();
  }

  /** Length of the file in bytes. */
  public long size() {
    return gguf.bytes().byteSize();
  }

  /** Shape and constants of the network. */
  public ModelDescription description() {
    return description;
  }

  /** Everything else the file says of the model. */
  public Metadata metadata() {
    return gguf.metadata();
  }

  /**
   * The weight of that GGUF name, its shape checked against the description, or empty if the file
   * has none. Vectors are always F32.
   */
  public Optional<Tensor> tensor(String name) {
    return Optional.ofNullable(gguf.tensors().get(name));
  }

  /**
   * SHA-256 of the whole file in hexadecimal digits. The first call reads the file (about 0.1 s per
   * 100 MB), later ones remember.
   */
  public String sha256() {
    String known = sha256;
    if (known == null) {
      known = hash(gguf.bytes());
      sha256 = known;
    }
    return known;
  }

  /** Unmaps the file: no weight may be read any more. */
  @Override
  public void close() {
    gguf.close();
  }

  private static String nameOf(Path path) {
    String file = String.valueOf(path.getFileName()).toLowerCase(Locale.ROOT);
    return file.replaceFirst("\\.gguf$", "")
        .replaceFirst("[.-](i?q\\d\\w*|f16|f32|bf16|fp16|fp32)$", "");
  }

  private static void checkTensors(Gguf gguf, ModelDescription description) {
    Architecture architecture = Architecture.of(description.architecture()).orElseThrow();
    Map<String, Shape> shapes = architecture.tensors(description);
    shapes.forEach((name, shape) -> checkTensor(gguf, name, shape));
    for (String name : gguf.tensors().keySet()) {
      if (!shapes.containsKey(name)) {
        throw new InvalidModelException(
            gguf.path(),
            "tensor %s is not part of the %s family as it is supported here"
                .formatted(name, architecture.ggufName()));
      }
    }
  }

  private static void checkTensor(Gguf gguf, String name, Shape shape) {
    Tensor tensor = gguf.tensors().get(name);
    if (tensor == null) {
      if (shape.required()) {
        throw new InvalidModelException(gguf.path(), "tensor " + name + " is missing");
      }
      return;
    }
    if (tensor.columns() != shape.columns() || tensor.rows() != shape.rows()) {
      throw new InvalidModelException(
          gguf.path(),
          "tensor %s is %d x %d, the metadata asks for %d x %d"
              .formatted(name, tensor.columns(), tensor.rows(), shape.columns(), shape.rows()));
    }
    if (shape.rows() == 1 && tensor.type() != TensorType.F32) {
      throw new InvalidModelException(
          gguf.path(), "tensor %s is %s, vectors must be F32".formatted(name, tensor.type()));
    }
  }

  private static String hash(MemorySegment bytes) {
    MessageDigest digest;
    try {
      digest = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
    for (long at = 0; at < bytes.byteSize(); at += HASH_SLICE) {
      long length = Math.min(HASH_SLICE, bytes.byteSize() - at);
      digest.update(bytes.asSlice(at, length).asByteBuffer());
    }
    return HexFormat.of().formatHex(digest.digest());
  }
}
