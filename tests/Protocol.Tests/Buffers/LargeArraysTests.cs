using FastPush.Protocol.Buffers;

namespace FastPush.Protocol.Tests.Buffers;

public class LargeArraysTests
{
    [Theory]
    [InlineData(4097)]
    [InlineData(5000)]
    [InlineData(8192)]
    [InlineData(8193)]
    [InlineData(100_000)]
    [InlineData((1 << 20) + 300)]
    [InlineData(4 << 20)]
    public void An_array_is_at_most_an_eighth_too_large(int bytes)
    {
        byte[] array = BytePool.Rent(bytes);
        Assert.Equal(BytePool.SizeFor(bytes), array.Length);
        Assert.InRange(array.Length, bytes, bytes + (bytes / 8) + 1);
        BytePool.Return(array);
    }

    [Fact]
    public void A_large_message_takes_an_eighth_more_than_its_bytes_at_most()
    {
        var pool = new PayloadPool(1 << 30);
        Payload payload = pool.TryRent((1 << 20) + 300)!;
        Assert.InRange(pool.OutstandingBytes, 1 << 20, (1 << 20) + (1 << 17));
        payload.Release();
        Assert.Equal(0, pool.OutstandingBytes);
    }

    [Fact]
    public void A_payer_answers_for_a_message_until_it_is_discharged_or_freed_and_nobody_twice()
    {
        var account = new MemoryAccount(1 << 30);
        var pool = new PayloadPool(account);
        var publisher = new MemoryShare(account, 1 << 20);
        var user = new MemoryShare(account, 1 << 20);
        Payload payload = pool.TryRent(10_000, publisher)!;
        payload.Charge(user);
        Assert.Equal((payload.Footprint, 0), (publisher.Bytes, user.Bytes));
        payload.Discharge();
        payload.Discharge();
        payload.Charge(user);
        Assert.Equal((0, payload.Footprint), (publisher.Bytes, user.Bytes));
        payload.Release();
        Assert.Equal((0, 0, 0), (publisher.Bytes, user.Bytes, account.Bytes));
        Assert.Null(pool.TryRent(1 << 20, publisher));
        Assert.Equal(0, publisher.Bytes);
    }

    [Fact]
    public void A_fifth_of_a_share_is_for_small_things()
    {
        var share = new MemoryShare(new MemoryAccount(1000), 1000);
        Assert.True(share.TryTake(800));
        Assert.False(share.TryTake(1));
        Assert.True(share.TryTake(200, isSmall: true));
        Assert.False(share.TryTake(1, isSmall: true));
        share.GiveBack(1000);
        Assert.Equal((0, 0), (share.Bytes, share.Account.Bytes));
    }
}
