using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using FastPush.Gateway.Auth;
using FastPush.Protocol.Stomp;

namespace FastPush.Gateway.Http;

/// <summary>One message of <c>POST /api/v1/messages</c>, checked.</summary>
internal sealed record PublishRequest(
    IReadOnlyList<Recipient> Recipients, string? Type, string? ContentType, byte[] Body, int TtlSeconds, string? IdempotencyKey)
{
    private const int TextMax = 200;

    /// <summary>Reads one message object. On failure <paramref name="fault"/> says which member is wrong.</summary>
    public static PublishRequest? Parse(JsonElement element, int recipientsMax, out string fault)
    {
        if (element.ValueKind != JsonValueKind.Object)
        {
            fault = "a message is a JSON object";
            return null;
        }

        var draft = new Draft();
        foreach (var member in element.EnumerateObject())
        {
            if (!draft.Take(member, recipientsMax, out fault))
            {
                return null;
            }
        }

        return draft.Finish(out fault);
    }

    private sealed class Draft
    {
        private readonly HashSet<string> _seen = new(StringComparer.Ordinal);
        private List<Recipient>? _recipients;
        private string? _type;
        private string? _contentType;
        private string? _key;
        private byte[]? _body;
        private bool _isJson;
        private int _ttl;

        public bool Take(JsonProperty member, int recipientsMax, out string fault)
        {
            fault = _seen.Add(member.Name) ? "" : $"{member.Name}: given twice";
            if (fault.Length > 0)
            {
                return false;
            }

            switch (member.Name)
            {
                case "to":
                    _recipients = Recipient.ParseAll(member.Value, recipientsMax, out fault);
                    break;
                case "type":
                    _type = Text(member, out fault);
                    break;
                case "contentType":
                    _contentType = Text(member, out fault);
                    break;
                case "idempotencyKey":
                    _key = Text(member, out fault);
                    break;
                case "payload":
                    fault = _body is null ? "" : "payload: body is given too; one of them";
                    _isJson = true;
                    _body = JsonMarshal.GetRawUtf8Value(member.Value).ToArray();
                    break;
                case "body":
                    fault = _body is null ? "" : "body: payload is given too; one of them";
                    if (fault.Length == 0
                        && (member.Value.ValueKind != JsonValueKind.String || !member.Value.TryGetBytesFromBase64(out _body)))
                    {
                        fault = "body: must be a string of base64";
                    }

                    break;
                case "ttlSeconds":
                    if (member.Value.ValueKind != JsonValueKind.Number
                        || !JsonWhole.TryRead(JsonMarshal.GetRawUtf8Value(member.Value), out _ttl)
                        || _ttl < 1)
                    {
                        fault = "ttlSeconds: must be a whole number from 1";
                    }

                    break;
                default:
                    fault = $"{member.Name}: no such member";
                    break;
            }

            return fault.Length == 0;
        }

        public PublishRequest? Finish(out string fault)
        {
            fault = _recipients is null ? "to: is missing"
                : _body is null ? "payload or body: is missing"
                : _isJson && _contentType is not null ? "contentType: goes with body only; a payload is application/json"
                : "";
            return fault.Length > 0
                ? null
                : new PublishRequest(_recipients!, _type, _isJson ? "application/json" : _contentType, _body!, _ttl, _key);
        }

        private static string? Text(JsonProperty member, out string fault)
        {
            var text = member.Value.ValueKind == JsonValueKind.String ? member.Value.GetString() : null;
            fault = text is { Length: > 0 and <= TextMax } && !text.Any(char.IsControl)
                ? ""
                : $"{member.Name}: must be a string of 1 to {TextMax} characters without control characters";
            return text;
        }
    }
}

/// <summary>Where a message goes: a topic, or one user's queue.</summary>
internal sealed record Recipient(byte[] Key, byte[] Shown, string? User, string? Queue)
{
    /// <summary>Reads the <c>to</c> member.</summary>
    public static List<Recipient>? ParseAll(JsonElement to, int recipientsMax, out string fault)
    {
        const string Shape = "to: must be {\"user\":\"…\"}, {\"users\":[…]} (either with \"queue\") or {\"topic\":\"…\"}";
        fault = Shape;
        if (to.ValueKind != JsonValueKind.Object)
        {
            return null;
        }

        string? topic = null;
        var users = new List<string>();
        var queue = "messages";
        foreach (var member in to.EnumerateObject())
        {
            var isText = member.Value.ValueKind == JsonValueKind.String;
            switch (member.Name)
            {
                case "topic" when isText && topic is null:
                    topic = member.Value.GetString();
                    break;
                case "user" when isText && users.Count == 0:
                    users.Add(member.Value.GetString()!);
                    break;
                case "queue" when isText:
                    queue = member.Value.GetString()!;
                    break;
                case "users" when member.Value.ValueKind == JsonValueKind.Array && users.Count == 0:
                    if (member.Value.GetArrayLength() > recipientsMax
                        || member.Value.EnumerateArray().Any(u => u.ValueKind != JsonValueKind.String))
                    {
                        fault = $"to.users: must be at most {recipientsMax} strings";
                        return null;
                    }

                    users.AddRange(member.Value.EnumerateArray().Select(u => u.GetString()!).Distinct(StringComparer.Ordinal));
                    break;
                default:
                    return null;
            }
        }

        if ((topic is null) == (users.Count == 0))
        {
            return null;
        }

        var recipients = topic is null ? users.ConvertAll(user => ToUser(user, queue)) : [ToTopic(topic)];
        if (recipients.Contains(null))
        {
            fault = "to: names have 1 to 200 bytes of UTF-8 without control characters, users no slash";
            return null;
        }

        fault = "";
        return recipients!;
    }

    private static Recipient? ToTopic(string topic)
    {
        var key = Encoding.UTF8.GetBytes("/topic/" + topic);
        return Destinations.TryParse(key, out _, out _, out _) ? new Recipient(key, Escape(key), null, null) : null;
    }

    private static Recipient? ToUser(string user, string queue)
    {
        var key = Encoding.UTF8.GetBytes($"/user/{user}/queue/{queue}");
        return !user.Contains('/', StringComparison.Ordinal)
            && Destinations.TryParse(key, out var kind, out _, out _)
            && kind == DestinationKind.UserQueue
            ? new Recipient(key, Escape(Encoding.UTF8.GetBytes("/user/queue/" + queue)), user, queue)
            : null;
    }

    private static byte[] Escape(byte[] text)
    {
        var escaped = new byte[text.Length * 2];
        return escaped[..HeaderText.Escape(text, StompVersion.V12, escaped)];
    }
}
