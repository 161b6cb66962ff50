package io.gibbon.bench;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;

/**
 * llama.cpp's own {@code llama-bench} on one model file, at its best: flash attention off and on,
 * keys and values in f16 and q8_0, whichever is fastest. Figures are kept in a file, by processor,
 * binary, model and threads, since a long prompt takes minutes. One thread at a time.
 */
public final class LlamaBench {

  /** Beyond so many tokens a figure is measured once and without warming up. */
  private static final int MEASURED_ONCE = 2048;

  /**
   * Prompts beyond so many tokens are measured with the variant only that is best at this length.
   */
  private static final int MEASURED_WITH_ONE_VARIANT = 8192;

  private static final int GENERATED = 32;
  private static final ObjectMapper JSON =
      new ObjectMapper()
          .enable(SerializationFeature.INDENT_OUTPUT)
          .enable(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS);

  /** Settings of llama.cpp that trade memory, exactness and speed; q8_0 needs flash attention. */
  private enum Variant {
    PLAIN("off", "f16"),
    FLASH("on", "f16"),
    FLASH_Q8("on", "q8_0");

    private final String flashAttention;
    private final String cacheType;

    Variant(String flashAttention, String cacheType) {
      this.flashAttention = flashAttention;
      this.cacheType = cacheType;
    }
  }

  private final Path binary;
  private final Path model;
  private final int threads;
  private final Path kept;
  private final Consumer<String> progress;
  private final String subject;
  private final Map<String, Double> figures;

  /**
   * Prepares a peer; nothing runs yet.
   *
   * @param binary {@code llama-bench}, built for this machine
   * @param model a GGUF file
   * @param threads compute threads, as many as ours
   * @param cpu the processor's name
   * @param kept where figures are kept
   * @param progress hears of every measurement that has to be made
   * @throws IOException if binary or model cannot be read
   */
  public LlamaBench(
      Path binary, Path model, int threads, String cpu, Path kept, Consumer<String> progress)
      throws IOException {
    this.binary = binary.toAbsolutePath();
    this.model = model.toAbsolutePath();
    this.threads = threads;
    this.kept = kept;
    this.progress = progress;
    this.subject =
        "%s|llama-bench %s|model %s|%d threads"
            .formatted(cpu, digest(this.binary), digest(this.model), threads);
    this.figures = Files.exists(kept) ? read(kept) : new TreeMap<>();
  }

  private static Map<String, Double> read(Path file) throws IOException {
    return JSON.readValue(file.toFile(), new TypeReference<TreeMap<String, Double>>() {});
  }

  /**
   * Tokens a second of reading a prompt.
   *
   * @param tokens of the prompt
   * @param depth tokens that are cached in front of it
   * @throws IllegalStateException if llama-bench cannot be run, with what it said
   */
  public double prefill(int tokens, int depth) {
    Object[] test = {"-p", tokens, "-n", 0, "-d", depth};
    return tokens > MEASURED_WITH_ONE_VARIANT
        ? figure(bestVariant(), tokens + depth, test)
        : best(tokens + depth, test);
  }

  /**
   * Tokens a second of writing.
   *
   * @param depth tokens that are cached in front
   * @throws IllegalStateException if llama-bench cannot be run, with what it said
   */
  public double decode(int depth) {
    return best(depth, "-p", 0, "-n", GENERATED, "-d", depth);
  }

  private double best(int length, Object... test) {
    return Arrays.stream(Variant.values())
        .mapToDouble(variant -> figure(variant, length, test))
        .max()
        .orElseThrow();
  }

  private Variant bestVariant() {
    Object[] test = {"-p", MEASURED_WITH_ONE_VARIANT, "-n", 0, "-d", 0};
    return Arrays.stream(Variant.values())
        .max(Comparator.comparing(variant -> figure(variant, MEASURED_WITH_ONE_VARIANT, test)))
        .orElseThrow();
  }

  private double figure(Variant variant, int length, Object[] test) {
    List<String> arguments = new ArrayList<>();
    for (Object argument : test) {
      arguments.add(argument.toString());
    }
    arguments.addAll(
        List.of(
            "-fa", variant.flashAttention, "-ctk", variant.cacheType, "-ctv", variant.cacheType));
    String key = subject + "|" + String.join(" ", arguments);
    Double known = figures.get(key);
    if (known == null) {
      known = measure(arguments, length);
      figures.put(key, known);
      keep();
    }
    return known;
  }

  private double measure(List<String> test, int length) {
    progress.accept("llama-bench " + String.join(" ", test) + " ...");
    List<String> command = new ArrayList<>(List.of(binary.toString(), "-m", model.toString()));
    command.addAll(List.of("-t", Integer.toString(threads), "-o", "json"));
    command.addAll(length > MEASURED_ONCE ? List.of("-r", "1", "--no-warmup") : List.of("-r", "3"));
    command.addAll(test);
    try {
      Path errors = Files.createTempFile("llama-bench", ".log");
      Process process = new ProcessBuilder(command).redirectError(errors.toFile()).start();
      byte[] output = process.getInputStream().readAllBytes();
      if (process.waitFor() != 0) {
        throw new IllegalStateException(
            "%s ended with status %d: %s"
                .formatted(binary, process.exitValue(), Files.readString(errors).strip()));
      }
      Files.delete(errors);
      JsonNode rows = JSON.readTree(output);
      return rows.get(0).get("avg_ts").doubleValue();
    } catch (IOException e) {
      throw new IllegalStateException("cannot run " + binary + ": " + e.getMessage(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while " + binary + " ran", e);
    }
  }

  private void keep() {
    try {
      Files.createDirectories(kept.toAbsolutePath().getParent());
      if (Files.exists(kept)) {
        // Another file's figures may have come meanwhile.
        read(kept).forEach(figures::putIfAbsent);
      }
      Path whole = Files.createTempFile(kept.toAbsolutePath().getParent(), "peer", ".json");
      JSON.writeValue(whole.toFile(), figures);
      Files.move(whole, kept, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot write " + kept, e);
    }
  }

  private static String digest(Path file) throws IOException {
    try (InputStream in =
        new DigestInputStream(Files.newInputStream(file), MessageDigest.getInstance("SHA-256"))) {
      in.transferTo(OutputStream.nullOutputStream());
      return HexFormat.of().formatHex(((DigestInputStream) in).getMessageDigest().digest(), 0, 8);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }
}
