package io.gibbon.schemas.serde;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.gibbon.schemas.Document;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

class DocumentRulesTest {

  private static Document document(String title, String text, Map<String, String> metadata) {
    return new Document("c", "x", title, text, metadata, null);
  }

  @Test
  void anOrdinaryDocumentIsFine() {
    assertThatCode(() -> DocumentRules.check(Examples.document())).doesNotThrowAnyException();
  }

  @Test
  void errorsNameFieldAndLimit() {
    Map<String, String> many = new HashMap<>();
    for (int i = 0; i <= DocumentRules.MAX_METADATA; i++) {
      many.put("k" + i, "v");
    }

    assertThatThrownBy(() -> DocumentRules.check(document("", "", Map.of())))
        .hasMessage("text: is empty");
    assertThatThrownBy(() -> DocumentRules.check(document("", " \n\t\u2003", Map.of())))
        .hasMessage("text: is only white space");
    assertThatThrownBy(() -> DocumentRules.check(document("t".repeat(1_001), "x", Map.of())))
        .hasMessage("title: 1,001 characters, the limit is 1,000");
    assertThatThrownBy(() -> DocumentRules.check(document("", "x", many)))
        .hasMessage("metadata: 1,001 entries, the limit is 1,000");
    assertThatThrownBy(() -> DocumentRules.checkCollection("c".repeat(256)))
        .hasMessage("collection: 256 bytes in UTF-8, the limit is 255");
  }
}
