package io.gibbon.runtime.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.gibbon.runtime.model.ModelFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

/**
 * Tokenizers whose vocabulary cannot lie here, such as Gemma's: the environment variable {@value
 * #VARIABLE} names a GGUF file, and beside it lies {@code FILE.tokens.json} with ids from an
 * independent implementation, as {@code {"cases": [{"text": ..., "ids": [...]}]}}; control tokens
 * are not to be recognised in the texts.
 */
class GivenTokenizerTest {

  private static final String VARIABLE = "GIBBON_TEST_GGUF";

  @Test
  void allCasesAgree() throws IOException {
    String file = System.getenv(VARIABLE);
    skipIf(file == null, VARIABLE + " names no GGUF file");
    Path golden = Path.of(file + ".tokens.json");
    skipIf(!Files.exists(golden), golden + " does not exist");
    Tokenizer tokenizer = Tokenizer.from(ModelFiles.metadata(Path.of(file)));
    JsonNode cases = new ObjectMapper().readTree(golden.toFile()).get("cases");
    assertThat(cases).hasSizeGreaterThanOrEqualTo(60);
    for (JsonNode one : cases) {
      String text = one.get("text").asText();
      int[] ids =
          StreamSupport.stream(one.get("ids").spliterator(), false)
              .mapToInt(JsonNode::asInt)
              .toArray();
      assertThat(tokenizer.encode(text)).as(text).isEqualTo(ids);
    }
  }

  private static void skipIf(boolean missing, String reason) {
    if (missing) {
      System.out.println("skipped, as " + reason);
    }
    Assumptions.assumeFalse(missing, reason);
  }
}
