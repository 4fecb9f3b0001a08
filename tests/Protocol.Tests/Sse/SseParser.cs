using System.Text;

namespace FastPush.Protocol.Tests.Sse;

/// <summary>
/// The client's side of <c>text/event-stream</c>, written from the HTML standard, sections 9.2.5 "Parsing an event stream" and 9.2.6
/// "Interpreting an event stream", byte by byte so that it takes the stream in any pieces.
/// </summary>
internal sealed class SseParser
{
    private readonly List<byte> _line = [];
    private readonly StringBuilder _data = new();
    private string _eventType = "";
    private string _idBuffer = "";
    private bool _afterCarriageReturn;

    public List<SseEvent> Events { get; } = [];

    public List<string> Comments { get; } = [];

    public int? RetryMs { get; private set; }

    public SseParser Feed(ReadOnlySpan<byte> bytes)
    {
        foreach (var b in bytes)
        {
            var secondHalfOfCrLf = _afterCarriageReturn && b == '\n';
            _afterCarriageReturn = b == '\r';
            if (secondHalfOfCrLf)
                continue;
            if (b is (byte)'\r' or (byte)'\n')
            {
                Line(Encoding.UTF8.GetString([.. _line]));
                _line.Clear();
            }
            else
            {
                _line.Add(b);
            }
        }

        return this;
    }

    private void Line(string line)
    {
        var colon = line.IndexOf(':', StringComparison.Ordinal);
        if (line.Length == 0)
            Dispatch();
        else if (colon == 0)
            Comments.Add(line[1..]);
        else if (colon < 0)
            Field(line, "");
        else
            Field(line[..colon], line[(colon + 1)..] is [' ', .. var rest] ? rest : line[(colon + 1)..]);
    }

    private void Field(string name, string value)
    {
        switch (name)
        {
            case "event":
                _eventType = value;
                break;
            case "data":
                _data.Append(value).Append('\n');
                break;
            case "id" when !value.Contains('\0', StringComparison.Ordinal):
                _idBuffer = value;
                break;
            case "retry" when value.All(char.IsAsciiDigit):
                RetryMs = int.Parse(value);
                break;
        }
    }

    private void Dispatch()
    {
        if (_data.Length > 0)
            Events.Add(new SseEvent(_eventType.Length == 0 ? "message" : _eventType, _data.ToString()[..^1], _idBuffer));
        _data.Clear();
        _eventType = "";
    }
}

internal sealed record SseEvent(string Type, string Data, string LastEventId);
