import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import org.apache.kafka.common.message.ApiMessageType;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.ObjectSerializationCache;

/**
 * Says of each message what Kafka's own classes make of it.
 * A line in: key version direction(0 request, 1 answer) hex.
 * Out: "none" (no such version here), "same" (read to the last byte, and written
 * again it is the same bytes), "equal" (the same message in other bytes), "bad WHY".
 */
public class Check {
    static ByteBuffer write(ApiMessage message, short version) {
        ObjectSerializationCache cache = new ObjectSerializationCache();
        ByteBuffer buffer = ByteBuffer.allocate(message.size(cache, version));
        message.write(new ByteBufferAccessor(buffer), cache, version);
        buffer.flip();
        return buffer;
    }

    static ApiMessage read(ApiMessageType type, boolean request, ByteBuffer bytes, short version) {
        ApiMessage message = request ? type.newRequest() : type.newResponse();
        message.read(new ByteBufferAccessor(bytes), version);
        if (bytes.hasRemaining())
            throw new RuntimeException(bytes.remaining() + " bytes left over");
        return message;
    }

    static String judge(String line) {
        String[] words = line.split(" ", -1);
        short key = Short.parseShort(words[0]), version = Short.parseShort(words[1]);
        boolean request = words[2].equals("0");
        ApiMessageType type;
        try {
            type = ApiMessageType.fromApiKey(key);
        } catch (RuntimeException e) {
            return "none";
        }
        if (version < type.lowestSupportedVersion() || version > type.highestSupportedVersion(true))
            return "none";
        try {
            byte[] bytes = new byte[words[3].length() / 2];
            for (int i = 0; i < bytes.length; i++)
                bytes[i] = (byte) Integer.parseInt(words[3].substring(2 * i, 2 * i + 2), 16);
            ApiMessage message = read(type, request, ByteBuffer.wrap(bytes), version);
            ByteBuffer again = write(message, version);
            if (again.equals(ByteBuffer.wrap(bytes)))
                return "same";
            return read(type, request, again, version).equals(message) ? "equal" : "bad not equal";
        } catch (RuntimeException e) {
            return "bad " + e;
        }
    }

    public static void main(String[] args) throws Exception {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
        PrintStream out = new PrintStream(System.out, false);
        for (String line = in.readLine(); line != null; line = in.readLine())
            out.println(judge(line));
        out.flush();
    }
}
