package io.gibbon.topology.internals.index;

import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.processor.BatchingStateRestoreCallback;
import org.apache.kafka.streams.processor.StateRestoreCallback;
import org.apache.kafka.streams.processor.StateStoreContext;
import org.apache.kafka.streams.processor.TaskId;
import org.apache.kafka.streams.processor.api.MockProcessorContext;
import org.apache.kafka.streams.processor.internals.RecordBatchingStateRestoreCallback;

/** Kafka's mock context, which also keeps the restore callback that a store registers. */
final class StoreContext {

  private final StateStoreContext context;
  private StateRestoreCallback restore;

  StoreContext(Path stateDir, String guarantee) {
    Properties settings = new Properties();
    settings.put(StreamsConfig.APPLICATION_ID_CONFIG, "app");
    settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, "none:1");
    settings.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, guarantee);
    StateStoreContext mock =
        new MockProcessorContext<>(settings, new TaskId(0, 3), stateDir.toFile())
            .getStateStoreContext();
    context =
        (StateStoreContext)
            Proxy.newProxyInstance(
                getClass().getClassLoader(),
                new Class<?>[] {StateStoreContext.class},
                (proxy, method, arguments) -> {
                  if (method.getName().equals("register")) {
                    restore = (StateRestoreCallback) arguments[1];
                    return null;
                  }
                  return method.invoke(mock, arguments);
                });
  }

  StateStoreContext context() {
    return context;
  }

  void restore(List<KeyValue<byte[], byte[]>> records) {
    switch (restore) {
      case RecordBatchingStateRestoreCallback batches -> batches.restoreBatch(records(records));
      case BatchingStateRestoreCallback batches -> batches.restoreAll(records);
      default -> records.forEach(record -> restore.restore(record.key, record.value));
    }
  }

  private static Collection<ConsumerRecord<byte[], byte[]>> records(
      List<KeyValue<byte[], byte[]>> records) {
    return records.stream()
        .map(record -> new ConsumerRecord<>("changelog", 3, 0, record.key, record.value))
        .toList();
  }
}
