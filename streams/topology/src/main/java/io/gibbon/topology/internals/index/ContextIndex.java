package io.gibbon.topology.internals.index;

import io.gibbon.schemas.IndexedContext;
import io.gibbon.schemas.serde.RecordSerde;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.streams.state.KeyValueBytesStoreSupplier;
import org.apache.lucene.analysis.Analyzer;
import org.apache.lucene.analysis.TokenStream;
import org.apache.lucene.analysis.en.EnglishAnalyzer;
import org.apache.lucene.analysis.tokenattributes.CharTermAttribute;
import org.apache.lucene.document.Field;
import org.apache.lucene.document.StringField;
import org.apache.lucene.document.TextField;
import org.apache.lucene.index.IndexableField;
import org.apache.lucene.index.Term;
import org.apache.lucene.search.BooleanClause.Occur;
import org.apache.lucene.search.BooleanQuery;
import org.apache.lucene.search.BoostQuery;
import org.apache.lucene.search.Query;
import org.apache.lucene.search.TermQuery;

/**
 * How contexts are found: by the words of their text and, at twice the weight, of their document's
 * title, within one collection and profile. Words are split by Unicode's rules, so any language
 * works; English ones also lose their stop words and endings.
 */
public final class ContextIndex {

  private static final Analyzer ANALYZER = new EnglishAnalyzer();
  private static final Deserializer<IndexedContext> READER =
      RecordSerde.of(IndexedContext.class).deserializer();
  private static final String PROFILE = "profile";
  private static final String COLLECTION = "collection";
  private static final String TITLE = "title";
  private static final String TEXT = "text";
  private static final float TITLE_WEIGHT = 2;
  private static final int MAX_QUESTION_TERMS = 256;

  private ContextIndex() {}

  /** Supplier of the index's store; its values are {@link IndexedContext} records. */
  public static KeyValueBytesStoreSupplier store(String name) {
    return new LuceneStoreSupplier(name, ANALYZER, ContextIndex::fields);
  }

  private static List<IndexableField> fields(byte[] value) {
    IndexedContext context = READER.deserialize("", value);
    return List.of(
        new StringField(PROFILE, context.getProfile(), Field.Store.NO),
        new StringField(COLLECTION, context.getCollection(), Field.Store.NO),
        new TextField(TITLE, context.getTitle(), Field.Store.NO),
        new TextField(TEXT, context.getText(), Field.Store.NO));
  }

  /**
   * Contexts of a profile and a collection that have words of a question. Of a very long question
   * only the first {@value #MAX_QUESTION_TERMS} different words count.
   *
   * @param limit the most hits of one partition, at least 1
   */
  public static LuceneQuery query(String profile, String collection, String question, int limit) {
    BooleanQuery.Builder words = new BooleanQuery.Builder();
    for (String term : terms(question)) {
      words.add(new TermQuery(new Term(TEXT, term)), Occur.SHOULD);
      Query inTitle = new TermQuery(new Term(TITLE, term));
      words.add(new BoostQuery(inTitle, TITLE_WEIGHT), Occur.SHOULD);
    }
    Query query =
        new BooleanQuery.Builder()
            .add(new TermQuery(new Term(PROFILE, profile)), Occur.FILTER)
            .add(new TermQuery(new Term(COLLECTION, collection)), Occur.FILTER)
            .add(words.build(), Occur.MUST)
            .build();
    return new LuceneQuery(query, limit);
  }

  private static Set<String> terms(String question) {
    Set<String> terms = new LinkedHashSet<>();
    try (TokenStream tokens = ANALYZER.tokenStream(TEXT, question)) {
      CharTermAttribute term = tokens.addAttribute(CharTermAttribute.class);
      tokens.reset();
      while (terms.size() < MAX_QUESTION_TERMS && tokens.incrementToken()) {
        terms.add(term.toString());
      }
    } catch (IOException e) {
      throw new UncheckedIOException("splitting a question failed", e);
    }
    return terms;
  }
}
