package io.gibbon.cli.demo;

import static org.assertj.core.api.Assertions.assertThat;

import io.gibbon.schemas.Document;
import java.util.List;
import org.junit.jupiter.api.Test;

class CorpusTest {

  private final List<Document> documents = Corpus.documents();

  @Test
  void hasAtLeastTwoDozenDocumentsOfOneCollection() {
    assertThat(documents).hasSizeGreaterThanOrEqualTo(24);
    assertThat(documents).extracting(Document::getId).doesNotHaveDuplicates();
    assertThat(documents).extracting(Document::getCollection).containsOnly(Corpus.COLLECTION);
  }

  @Test
  void holdsTheAnswerOfEveryQuestionOnce() {
    for (Corpus.Question question :
        List.of(Corpus.FERRY, Corpus.HARBOUR_MASTER, Corpus.CLINIC, Corpus.TIDE)) {
      assertThat(documents)
          .filteredOn(document -> document.getText().contains(question.expected()))
          .extracting(Document::getId)
          .containsExactly(question.document());
    }
  }

  @Test
  void changesNothingButTheFerryTime() {
    assertThat(Corpus.changed().getText())
        .contains(Corpus.NEW_TIME)
        .doesNotContain(Corpus.OLD_TIME);
    assertThat(documents).noneMatch(document -> document.getText().contains(Corpus.NEW_TIME));
  }
}
