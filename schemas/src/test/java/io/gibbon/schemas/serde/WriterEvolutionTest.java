package io.gibbon.schemas.serde;

import static org.assertj.core.api.Assertions.assertThat;

import io.gibbon.schemas.Document;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.EncoderFactory;
import org.apache.avro.message.BinaryMessageEncoder;
import org.junit.jupiter.api.Test;

class WriterEvolutionTest {

  /** As a first release might have had it: fewer fields, another order, no string type of Java. */
  private static final Schema OLD =
      new Schema.Parser()
          .parse(
              """
              {"type":"record","namespace":"io.gibbon.schemas","name":"Document","fields":[
                {"name":"text","type":"string"},
                {"name":"gone","type":{"type":"array","items":"long"}},
                {"name":"id","type":"string"}]}
              """);

  private static GenericRecord old() {
    GenericRecord record = new GenericData.Record(OLD);
    record.put("text", "hello");
    record.put("gone", List.of(1L, 2L, 3L));
    record.put("id", "x");
    return record;
  }

  private static final Document EXPECTED =
      new Document("default", "x", "", "hello", Map.of(), null);

  @Test
  void theFingerprintOfAnOlderSchemaResolves() throws IOException {
    AvroCodec<Document> codec =
        new AvroCodec<>(Document.SCHEMA$, WriterSchemas.of(List.of(OLD, Document.SCHEMA$)));
    byte[] bytes =
        new BinaryMessageEncoder<GenericRecord>(new GenericData(), OLD).encode(old()).array();

    assertThat(codec.readSingleObject(bytes)).isEqualTo(EXPECTED);
  }

  @Test
  void aRecordOfAnotherNameWithTheRightFieldsIsReadThroughTheRegistry() throws IOException {
    Schema foreign =
        new Schema.Parser()
            .parse(
                """
                {"type":"record","namespace":"com.example","name":"Article","fields":[
                  {"name":"id","type":"string"},
                  {"name":"text","type":["null","string"]},
                  {"name":"metadata","type":{"type":"map","values":"string"}},
                  {"name":"timestamp","type":["null",{"type":"long","logicalType":"timestamp-millis"}]}]}
                """);
    GenericRecord record = new GenericData.Record(foreign);
    record.put("id", "x");
    record.put("text", "hello");
    record.put("metadata", Map.of());
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    BinaryEncoder encoder = EncoderFactory.get().directBinaryEncoder(out, null);
    new GenericDatumWriter<GenericRecord>(foreign).write(record, encoder);

    assertThat(new AvroCodec<Document>(Document.SCHEMA$).read(foreign, out.toByteArray(), 0))
        .isEqualTo(EXPECTED);
  }

  @Test
  void theHistoryOfEveryRecordIsSelfContained() throws IOException {
    assertThat(Examples.schemas())
        .allSatisfy(schema -> assertThat(WriterSchemas.history(schema.getName())).isNotEmpty());
  }
}
