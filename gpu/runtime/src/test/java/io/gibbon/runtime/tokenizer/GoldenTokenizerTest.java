package io.gibbon.runtime.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.gibbon.runtime.DefaultModel;
import io.gibbon.runtime.model.Model;
import java.io.IOException;
import java.io.InputStream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;

/** The default model's tokenizer against ids from an independent implementation. */
class GoldenTokenizerTest {

  @Test
  void allCasesAgree() throws IOException {
    try (Model model = Model.open(DefaultModel.path());
        InputStream file = getClass().getResourceAsStream("/golden/tokenizer-smollm2.json")) {
      Tokenizer tokenizer = Tokenizer.from(model.metadata());
      JsonNode cases = new ObjectMapper().readTree(file).get("cases");
      assertThat(cases).hasSize(23);
      for (JsonNode one : cases) {
        String text = one.get("text").asText();
        int[] ids =
            StreamSupport.stream(one.get("ids").spliterator(), false)
                .mapToInt(JsonNode::asInt)
                .toArray();
        assertThat(tokenizer.encodeWithControl(text)).as(text).isEqualTo(ids);
        assertThat(tokenizer.decode(ids)).isEqualTo(text);
      }
    }
  }
}
