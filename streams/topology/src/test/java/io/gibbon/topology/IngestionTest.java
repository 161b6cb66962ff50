package io.gibbon.topology;

import static org.assertj.core.api.Assertions.assertThat;

import io.gibbon.runtime.DocumentText;
import io.gibbon.runtime.kv.KvStates;
import io.gibbon.schemas.ContextEvent;
import io.gibbon.schemas.ContextEventKind;
import io.gibbon.schemas.DocumentState;
import io.gibbon.schemas.IndexedContext;
import io.gibbon.schemas.KvPage;
import io.gibbon.schemas.Manifest;
import io.gibbon.schemas.ManifestState;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** From a document to what answers need, rule by rule. */
class IngestionTest {

  @TempDir Path stateDir;

  private final ScriptedEncoder encoder = new ScriptedEncoder();
  private TopologyHarness harness;

  @BeforeEach
  void start() {
    harness = new TopologyHarness(stateDir, encoder, Map.of());
  }

  @AfterEach
  void stop() {
    harness.close();
  }

  @Test
  void aDocumentBecomesPagesManifestIndexAndEvent() {
    String text = "a".repeat(150);
    harness.produce("1", text);
    harness.settle();

    assertThat(harness.stored("1").getState()).isEqualTo(DocumentState.ENCODED);
    assertThat(harness.pending()).isEmpty();
    Manifest manifest = harness.manifests().getFirst();
    assertThat(manifest.getState()).isEqualTo(ManifestState.COMPLETE);
    assertThat(manifest.getTokens()).isEqualTo(150);
    assertThat(manifest.getContexts()).hasSize(2);
    assertThat(harness.index())
        .extracting(IndexedContext::getText)
        .containsExactly("a".repeat(100), "a".repeat(50));
    ContextEvent event = harness.readEvents().getFirst();
    assertThat(event.getKind()).isEqualTo(ContextEventKind.ENCODED);
    assertThat(event.getContexts()).isEqualTo(2);
    assertPagesAre(new DocumentText("Title of 1", text), 0);
  }

  private void assertPagesAre(DocumentText document, int index) {
    try (KvStates states = encoder.states(document, index)) {
      List<KvPage> pages =
          harness.pages().stream().filter(page -> page.getContext() == index).toList();
      assertThat(pages).hasSize(states.pageCount());
      for (int page = 0; page < states.pageCount(); page++) {
        assertThat(pages.get(page).getStates().array()).isEqualTo(states.page(page));
      }
    }
  }
}
