package io.gibbon.connect;

import java.util.List;
import java.util.Map;
import org.apache.kafka.connect.connector.ConnectRecord;
import org.apache.kafka.connect.data.Struct;
import org.apache.kafka.connect.errors.DataException;
import org.jspecify.annotations.Nullable;

/**
 * Where in a record a value is: {@code value.author.name}, {@code key.id}, {@code value} or {@code
 * key} for the whole, and {@code author.name} short for {@code value.author.name}.
 *
 * @param path as configured
 * @param inKey whether it starts at the key
 * @param names the fields to go through
 */
record FieldPath(String path, boolean inKey, List<String> names) {

  /** Reads a configured path, which has no empty part. */
  static FieldPath parse(String path) {
    List<String> parts = List.of(path.split("\\.", -1));
    boolean rooted = parts.get(0).equals("value") || parts.get(0).equals("key");
    return new FieldPath(
        path, parts.get(0).equals("key"), rooted ? parts.subList(1, parts.size()) : parts);
  }

  /** The last field's name, or where the path starts. */
  String name() {
    return names.isEmpty() ? path : names.get(names.size() - 1);
  }

  /**
   * The value there; null where a field on the way is null or a map has no such entry. A tombstone
   * has no value: there a path into the value is followed in the key, and a key that is no
   * structure is what the path means.
   *
   * @throws DataException if a structure has no such field, or something on the way is no structure
   */
  @Nullable Object find(ConnectRecord<?> record) {
    boolean tombstone = record.value() == null;
    Object found = inKey || tombstone ? record.key() : record.value();
    if (tombstone && !inKey && !(found instanceof Struct) && !(found instanceof Map)) {
      return found;
    }
    for (String name : names) {
      found = child(found, name);
    }
    return found;
  }

  private @Nullable Object child(@Nullable Object parent, String name) {
    if (parent == null) {
      return null;
    }
    if (parent instanceof Struct struct) {
      if (struct.schema().field(name) == null) {
        throw new DataException(
            "field %s of path %s is not in the record's schema, which has %s"
                .formatted(
                    name, path, struct.schema().fields().stream().map(f -> f.name()).toList()));
      }
      return struct.get(name);
    }
    if (parent instanceof Map<?, ?> map) {
      return map.get(name);
    }
    throw new DataException(
        "path %s looks for field %s in a %s, which has no fields"
            .formatted(path, name, parent.getClass().getSimpleName()));
  }
}
