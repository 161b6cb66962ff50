package io.gibbon.schemas.serde;

import io.gibbon.schemas.Document;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.avro.Schema;
import org.apache.avro.data.TimeConversions;
import org.apache.avro.specific.SpecificData;
import org.jspecify.annotations.Nullable;

/**
 * Avro's data model over our generated classes and no others. Avro refuses to make instances of
 * classes in packages that the host has not trusted by a system property; here a class is found
 * only for a schema in our own namespace, so no host has to trust anything and no schema can make
 * us load a foreign class. Thread-safe.
 */
final class GibbonData extends SpecificData {

  static final GibbonData INSTANCE = new GibbonData();

  private static final String PACKAGE = Document.class.getPackageName();

  private final Map<String, Class<?>> classes = new ConcurrentHashMap<>();

  private GibbonData() {
    super(GibbonData.class.getClassLoader());
    addLogicalTypeConversion(new TimeConversions.TimestampMillisConversion());
  }

  /** Our class for a named type of our namespace, null for any other named type. */
  @Override
  @SuppressWarnings("rawtypes")
  public @Nullable Class getClass(Schema schema) {
    return switch (schema.getType()) {
      case RECORD, ENUM, FIXED ->
          PACKAGE.equals(schema.getNamespace())
              ? classes.computeIfAbsent(schema.getFullName(), this::generatedClass)
              : null;
      default -> super.getClass(schema);
    };
  }

  private Class<?> generatedClass(String name) {
    try {
      return Class.forName(name, true, getClassLoader());
    } catch (ClassNotFoundException e) {
      throw new IllegalStateException(name + " was not generated", e);
    }
  }
}
