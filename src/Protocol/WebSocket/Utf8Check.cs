using System.Text.Unicode;

namespace FastPush.Protocol.WebSocket;

/// <summary>
/// Checks UTF-8 that comes in pieces (RFC 3629 section 4). Whole characters go through the vectorised check of the runtime; only a
/// character that straddles two pieces goes octet by octet. <c>default</c> is the start of a text.
/// </summary>
public struct Utf8Check
{
    private const byte Failed = byte.MaxValue;

    private byte _due;
    private byte _low;
    private byte _high;

    /// <summary>Whether the text so far ends with a whole character.</summary>
    public readonly bool IsComplete => _due == 0;

    /// <summary>Takes the next piece. False as soon as no continuation can make the text valid, and ever after.</summary>
    public bool Push(ReadOnlySpan<byte> data)
    {
        var begun = 0;
        while (_due != 0 && begun < data.Length)
        {
            if (!Step(data[begun++]))
            {
                return false;
            }
        }

        data = data[begun..];
        var whole = data.Length - UnfinishedBytes(data);
        if (!Utf8.IsValid(data[..whole]))
        {
            return Fail();
        }

        foreach (var octet in data[whole..])
        {
            if (!Step(octet))
            {
                return false;
            }
        }

        return true;
    }

    // UTF8-1 = %x00-7F
    // UTF8-2 = %xC2-DF UTF8-tail
    // UTF8-3 = %xE0 %xA0-BF UTF8-tail / %xE1-EC 2( UTF8-tail ) / %xED %x80-9F UTF8-tail / %xEE-EF 2( UTF8-tail )
    // UTF8-4 = %xF0 %x90-BF 2( UTF8-tail ) / %xF1-F3 3( UTF8-tail ) / %xF4 %x80-8F 2( UTF8-tail )
    private bool Step(byte octet)
    {
        if (_due != 0)
        {
            if (octet < _low || octet > _high)
            {
                return Fail();
            }

            _due--;
            (_low, _high) = (0x80, 0xBF);
            return true;
        }

        (_due, _low, _high) = ((byte, byte, byte))(octet switch
        {
            < 0x80 => (0, 0, 0),
            >= 0xC2 and <= 0xDF => (1, 0x80, 0xBF),
            0xE0 => (2, 0xA0, 0xBF),
            0xED => (2, 0x80, 0x9F),
            >= 0xE1 and <= 0xEF => (2, 0x80, 0xBF),
            0xF0 => (3, 0x90, 0xBF),
            >= 0xF1 and <= 0xF3 => (3, 0x80, 0xBF),
            0xF4 => (3, 0x80, 0x8F),
            _ => (Failed, 1, 0),
        });
        return _due != Failed;
    }

    // An empty range refuses every octet from here on.
    private bool Fail()
    {
        (_due, _low, _high) = (Failed, 1, 0);
        return false;
    }

    // How many bytes at the end begin a character that the rest of data does not finish. Wrong octets count as finished: the check of
    // the whole part refuses them.
    private static int UnfinishedBytes(ReadOnlySpan<byte> data)
    {
        for (var back = 1; back <= Math.Min(3, data.Length); back++)
        {
            var octet = data[^back];
            if ((octet & 0xC0) != 0x80)
            {
                var size = octet switch { >= 0xF0 => 4, >= 0xE0 => 3, >= 0xC0 => 2, _ => 1 };
                return size > back ? back : 0;
            }
        }

        return 0;
    }
}
