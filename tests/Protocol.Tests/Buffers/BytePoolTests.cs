using FastPush.Protocol.Buffers;

namespace FastPush.Protocol.Tests.Buffers;

public sealed class BytePoolTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(128)]
    [InlineData(129)]
    [InlineData(256)]
    [InlineData(257)]
    [InlineData(4096)]
    [InlineData(4097)]
    [InlineData(1_000_000)]
    public void An_array_has_at_least_what_was_asked_for_and_less_than_twice_as_much(int bytes)
    {
        var array = BytePool.Rent(bytes);
        Assert.InRange(array.Length, bytes, Math.Max(2 * bytes, 16));
        BytePool.Return(array);
    }

    [Theory]
    [InlineData(200, 4096)]
    [InlineData(1000, 1000)]
    [InlineData(4000, 250)]
    public void So_many_at_once_allocate_nothing_the_next_time(int bytes, int arrays)
    {
        var rented = new byte[arrays][];
        Assert.Equal(0, Allocations.Least(RentAndReturn, rounds: 5));

        void RentAndReturn()
        {
            for (var i = 0; i < arrays; i++)
            {
                rented[i] = BytePool.Rent(bytes);
            }

            foreach (var array in rented)
            {
                BytePool.Return(array);
            }
        }
    }

    [Fact]
    public void No_array_is_given_to_two()
    {
        var seen = new HashSet<byte[]>(ReferenceEqualityComparer.Instance);
        for (var round = 0; round < 2; round++)
        {
            seen.Clear();
            for (var i = 0; i < 100; i++)
            {
                Assert.True(seen.Add(BytePool.Rent(300 << (i % 4))));
            }

            Assert.All(seen, BytePool.Return);
        }
    }
}
