package io.gibbon.runtime.numerics;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A file of golden cases: what an independent implementation in float64 computed.
 *
 * @param modelSha256 SHA-256 of the model file
 * @param cases the cases
 */
record GoldenCases(@JsonProperty("model_sha256") String modelSha256, List<Case> cases) {

  /**
   * One case.
   *
   * @param mode {@code ape}, or {@code sequential}: prefix, contexts and query are one run of
   *     tokens
   * @param logits greatest logits after the query's last token
   * @param logSumExp log-sum-exp of all logits there
   * @param shares attention share of each context there; null when sequential
   * @param greedy most probable next tokens
   */
  record Case(
      String name,
      String mode,
      double temperature,
      double scale,
      int[] prefix,
      List<int[]> contexts,
      int[] query,
      @JsonProperty("top_logits") Logits logits,
      @JsonProperty("log_sum_exp") double logSumExp,
      @JsonProperty("attention_shares") double @Nullable [] shares,
      int[] greedy) {

    boolean sequential() {
      return mode.equals("sequential");
    }
  }

  /** Token ids and their logits. */
  record Logits(int[] ids, double[] values) {}

  private static final JsonMapper JSON =
      JsonMapper.builder().disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES).build();

  /**
   * Reads a file.
   *
   * @throws IllegalArgumentException if it is not a file of golden cases
   */
  static GoldenCases read(Path file) throws IOException {
    try {
      GoldenCases golden = JSON.readValue(Files.readString(file), GoldenCases.class);
      require(golden.cases != null && golden.modelSha256 != null, file, "no cases or model_sha256");
      golden.cases.forEach(c -> validate(c, file));
      return golden;
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(
          file + " is not a file of golden cases: " + e.getOriginalMessage(), e);
    }
  }

  private static void validate(Case c, Path file) {
    require(
        c.name != null
            && c.mode != null
            && c.prefix != null
            && c.contexts != null
            && c.query != null
            && c.logits != null
            && c.logits.ids != null
            && c.logits.values != null
            && c.greedy != null,
        file,
        "a case without name, mode, prefix, contexts, query, top_logits or greedy");
    require(c.sequential() || c.mode.equals("ape"), file, "unknown mode " + c.mode);
    require(c.query.length > 0 && c.greedy.length > 0, file, "empty query or greedy");
    require(c.logits.ids.length == c.logits.values.length, file, "top_logits of unequal lengths");
    require(c.sequential() || !c.contexts.isEmpty(), file, "no contexts in mode ape");
    require(c.contexts.stream().allMatch(context -> context.length > 0), file, "an empty context");
    require(
        c.shares == null || c.shares.length == c.contexts.size(), file, "not one share a context");
    require(c.temperature > 0 && c.scale > 0, file, "temperature or scale not positive");
  }

  private static void require(boolean condition, Path file, String problem) {
    if (!condition) {
      throw new IllegalArgumentException(file + " is not a file of golden cases: " + problem);
    }
  }
}
